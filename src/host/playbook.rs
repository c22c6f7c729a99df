//! A playbook with every module it imports: read and compiled before anything runs, so that what was played can be journaled whole.

use super::confine;
use super::engine;
use super::errors;
use crate::error::{Error, Place};
use include_dir::{Dir, include_dir};
use rhai::{AST, ASTNode, Engine, Expr, Position, Stmt};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The modules that come with the runner: `import "std/policy" as policy`.
static STANDARD: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/stdlib");
pub(super) const STANDARD_PREFIX: &str = "std/";

/// Nothing a person writes is longer; it keeps a wrong path from filling the memory.
const LONGEST_FILE: u64 = 1 << 20;

pub struct Playbook {
    /// As shown in messages and known to Rhai: `multi-account.rhai`.
    file: String,
    /// What `file` and `import` read below.
    folder: PathBuf,
    /// Imported modules as a run has stored them, by name: they stand before files and standard modules.
    stored: BTreeMap<String, String>,
    sources: BTreeMap<String, Source>,
    /// Closure names to the file they were written in; Rhai itself names the file of whoever calls them.
    closures: HashMap<String, String>,
    /// Names of all functions written in scripts.
    functions: BTreeSet<String>,
}

struct Source {
    text: String,
    ast: AST,
}

impl Playbook {
    /// Reads and compiles a playbook and all it imports.
    pub fn load(path: &Path) -> Result<Playbook, Error> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = read(path).map_err(|problem| {
            Error::usage("playbook-unreadable", format!("cannot read the playbook `{name}`: {problem}"))
                .hint("`runner list` shows the playbooks there are")
        })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Playbook::from_text(&name, text, folder)
    }

    /// The same for a text that is already at hand; `folder` is where its imports and files are looked for.
    pub fn from_text(file: &str, text: String, folder: &Path) -> Result<Playbook, Error> {
        Playbook::from_stored(file, text, BTreeMap::new(), folder)
    }

    /// The same with its modules, as a run has stored them: text and modules stand in no file any more.
    pub fn from_stored(file: &str, text: String, stored: BTreeMap<String, String>, folder: &Path) -> Result<Playbook, Error> {
        let mut playbook = Playbook {
            file: file.to_owned(),
            folder: folder.to_owned(),
            stored,
            sources: BTreeMap::new(),
            closures: HashMap::new(),
            functions: BTreeSet::new(),
        };
        let engine = engine::bare();
        playbook.add(&engine, file, text, &mut Vec::new())?;
        Ok(playbook)
    }

    /// The playbook's own name in messages.
    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The playbook's text.
    pub fn text(&self) -> &str {
        self.sources.get(&self.file).map_or("", |source| &source.text)
    }

    /// Every file that belongs to it, itself among them: name and text. Standard modules are named `std/…`.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sources.iter().map(|(name, source)| (name.as_str(), source.text.as_str()))
    }

    pub(super) fn main(&self) -> &AST {
        &self.sources[&self.file].ast
    }

    /// The compiled module of an import path.
    pub(super) fn module(&self, path: &str) -> Option<&AST> {
        self.sources.get(&module_file(path)).map(|source| &source.ast)
    }

    /// Every file with what it was compiled to, the playbook itself first.
    pub(super) fn files(&self) -> impl Iterator<Item = (&str, &AST)> {
        let others = self.sources.iter().filter(|(name, _)| **name != self.file);
        std::iter::once((self.file(), self.main())).chain(others.map(|(name, source)| (name.as_str(), &source.ast)))
    }

    /// The file a closure was written in.
    pub(super) fn closure_file(&self, function: &str) -> Option<&str> {
        self.closures.get(function).map(String::as_str)
    }

    /// Whether a function of this name is written in a script, not in the host.
    pub(super) fn is_scripted(&self, function: &str) -> bool {
        self.functions.contains(function)
    }

    pub(super) fn place(&self, file: &str, position: Position) -> Place {
        let text = self.sources.get(file).map_or("", |source| source.text.as_str());
        place_in(file, text, position)
    }

    fn add(&mut self, engine: &Engine, file: &str, text: String, open: &mut Vec<String>) -> Result<(), Error> {
        let mut ast = engine.compile(&text).map_err(|error| errors::from_parse(&error, file, &text))?;
        ast.set_source(file);
        for function in ast.iter_fn_def() {
            self.functions.insert(function.name.to_string());
            if function.name.starts_with("anon$") {
                self.closures.insert(function.name.to_string(), file.to_owned());
            }
        }
        let imports = imports(&ast).map_err(|position| {
            Error::failed("import-not-literal", "the path of an import must be written out as a string")
                .at(place_in(file, &text, position))
                .hint("write `import \"std/policy\" as policy;`")
        })?;
        self.sources.insert(file.to_owned(), Source { text, ast });
        open.push(file.to_owned());
        for (path, position) in imports {
            let module = module_file(&path);
            if open.contains(&module) {
                return Err(Error::failed("import-circle", format!("`{path}` is imported by itself: {} -> {module}", open.join(" -> ")))
                    .at(self.place(file, position))
                    .hint("move what both need into a third module"));
            }
            if !self.sources.contains_key(&module) {
                let text = self.read_module(&path).map_err(|error| error.at(self.place(file, position)))?;
                self.add(engine, &module, text, open)?;
            }
        }
        open.pop();
        Ok(())
    }

    fn read_module(&self, path: &str) -> Result<String, Error> {
        if let Some(text) = self.stored.get(&module_file(path)) {
            return Ok(text.clone());
        }
        if let Some(name) = path.strip_prefix(STANDARD_PREFIX) {
            let known = || STANDARD.files().filter_map(|file| file.path().file_stem()?.to_str());
            return STANDARD.get_file(format!("{name}.rhai")).and_then(|file| file.contents_utf8()).map(str::to_owned).ok_or_else(|| {
                Error::failed("import-unknown", format!("there is no standard module `{path}`"))
                    .hint(format!("there are {}", known().map(|name| format!("`{STANDARD_PREFIX}{name}`")).collect::<Vec<_>>().join(", ")))
            });
        }
        let found = confine::below(&self.folder, &module_file(path)).and_then(|path| read(&path));
        found.map_err(|problem| {
            Error::failed("import-refused", format!("cannot import `{path}`: {problem}"))
                .hint("imports are paths below the playbook's folder, like `lib/roles`, or standard modules, like `std/policy`")
        })
    }
}

/// The names and texts of the standard modules, as imported: `std/policy`.
pub fn standard_modules() -> impl Iterator<Item = (String, &'static str)> {
    STANDARD.files().filter_map(|file| Some((format!("{STANDARD_PREFIX}{}", file.path().file_stem()?.to_str()?), file.contents_utf8()?)))
}

/// The file that an import path means; standard modules keep their import path as their name.
fn module_file(path: &str) -> String {
    if path.starts_with(STANDARD_PREFIX) || has_rhai_extension(path) { path.to_owned() } else { format!("{path}.rhai") }
}

fn has_rhai_extension(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension == "rhai")
}

/// Reads a file that must be an ordinary one and not too long.
pub(super) fn read(path: &Path) -> Result<String, String> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.len() > LONGEST_FILE {
        return Err(format!("it has {} bytes, more than {LONGEST_FILE}", metadata.len()));
    }
    std::fs::read_to_string(path).map_err(|error| unreadable(&error))
}

/// Why a file cannot be read, in plain words where there are some.
pub(super) fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::InvalidData => "it is not text (UTF-8)".to_owned(),
        _ => error.to_string(),
    }
}

/// The paths a script imports, also inside its functions; an error is where a path is not a literal.
fn imports(ast: &AST) -> Result<Vec<(String, Position)>, Position> {
    let mut found = Vec::new();
    let mut computed = None;
    ast.walk(&mut |nodes: &[ASTNode]| {
        if let Some(ASTNode::Stmt(Stmt::Import(import, position))) = nodes.last() {
            match &import.0 {
                Expr::StringConstant(path, position) => found.push((path.to_string(), *position)),
                _ => computed = computed.or(Some(*position)),
            }
        }
        true
    });
    computed.map_or(Ok(found), Err)
}

/// A position without a line (Rhai has some) is the beginning of the file.
pub(super) fn place_in(file: &str, text: &str, position: Position) -> Place {
    let line = position.line().unwrap_or(1);
    Place {
        file: file.to_owned(),
        line,
        column: position.position().unwrap_or(1),
        source_line: text.lines().nth(line - 1).map(str::to_owned),
    }
}
