//! runner.toml, targets, environments, parameters, discovery, state directory.
