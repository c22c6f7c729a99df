//! The one place where parts are joined: target, sessions, AWS or sandbox, engine, host.
