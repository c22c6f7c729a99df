//! Paths a script may name: below the playbook's folder, written plainly.

use super::playbook;
use std::path::{Path, PathBuf};

/// The file that `path` names below `folder`, or why it may not be read. Nothing is decoded and no symbolic link is followed below the
/// folder, so what is written is what is read.
pub(super) fn below(folder: &Path, path: &str) -> Result<PathBuf, String> {
    if path.is_empty() {
        return Err("the path is empty".to_owned());
    }
    if let Some(odd) = path.chars().find(|letter| letter.is_control() || matches!(letter, '\\' | '%' | ':' | '~' | '*' | '?')) {
        return Err(format!("the path holds the character `{}`", odd.escape_default()));
    }
    if path.starts_with('/') {
        return Err("the path is absolute".to_owned());
    }
    let mut found = folder.to_owned();
    for part in path.split('/') {
        if matches!(part, "" | "." | "..") {
            return Err(format!("the path has the part `{part}`"));
        }
        found.push(part);
        if std::fs::symlink_metadata(&found).map_err(|error| playbook::unreadable(&error))?.is_symlink() {
            return Err(format!("`{part}` is a symbolic link"));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::below;

    #[test]
    fn forty_ways_out_are_refused() {
        let outer = tempfile::tempdir().unwrap();
        let folder = outer.path().join("playbooks");
        std::fs::create_dir_all(folder.join("lib")).unwrap();
        for file in ["secret.rhai", "playbooks/own.rhai", "playbooks/lib/own.rhai"] {
            std::fs::write(outer.path().join(file), "").unwrap();
        }
        std::os::unix::fs::symlink(outer.path().join("secret.rhai"), folder.join("link.rhai")).unwrap();
        std::os::unix::fs::symlink(outer.path(), folder.join("up")).unwrap();
        std::os::unix::fs::symlink("own.rhai", folder.join("alias.rhai")).unwrap();
        let absolute = outer.path().join("secret.rhai");
        let ways = [
            "",
            "/",
            "//",
            ".",
            "..",
            "../secret.rhai",
            "./own.rhai",
            "lib/../own.rhai",
            "lib/../../secret.rhai",
            "lib/./own.rhai",
            "lib//own.rhai",
            "lib/",
            "/etc/passwd",
            absolute.to_str().unwrap(),
            "link.rhai",
            "up/secret.rhai",
            "up/playbooks/own.rhai",
            "alias.rhai",
            "%2e%2e/secret.rhai",
            "%2e%2e%2fsecret.rhai",
            "..%2fsecret.rhai",
            "..%5csecret.rhai",
            "%252e%252e/secret.rhai",
            "..\\secret.rhai",
            "\\secret.rhai",
            "lib\\..\\..\\secret.rhai",
            "C:\\secret.rhai",
            "C:/secret.rhai",
            "C:secret.rhai",
            "file:///etc/passwd",
            "http://example.com/x.rhai",
            "~/secret.rhai",
            "~root/x",
            "own.rhai\0",
            "own.rhai\n",
            "\u{1b}[2J",
            "own.rhai/..",
            "own.rhai/",
            "lib/*",
            "own.rhai?x",
            "..",
            "...",
            ".. /secret.rhai",
            " /../secret.rhai",
        ];
        assert!(ways.len() >= 40);
        for way in ways {
            assert!(below(&folder, way).is_err(), "{way:?}");
        }
        for good in ["own.rhai", "lib/own.rhai"] {
            assert!(below(&folder, good).is_ok(), "{good}");
        }
    }
}
