//! The files of τ-ARGUS become a table and what is said of it, and back.
//!
//! A table is a `.tab` file without heads. Its `.rda` file says what each column is; a `.hrc` file
//! holds a tree of codes, one a line, indented by a letter for each level.

use std::fmt::Write;

use crate::error::{Error, Result};
use crate::protect::office::decimal::show;
use crate::protect::office::hierarchy::{Axis, Pairs, add_levels};
use crate::protect::office::output::Protected;
use crate::protect::rules::Status;
use crate::protect::system::State;

/// What a column is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// A dimension.
    #[default]
    Code,
    /// The figure.
    Value,
    /// Number of units.
    Units,
    /// One of the largest contributions.
    Largest,
    /// What is known already.
    Status,
    /// What hiding costs.
    Cost,
    /// Not used.
    Other,
}

/// One column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// What it is.
    pub role: Role,
    /// The code of its total.
    pub total: Option<String>,
    /// The file of its tree.
    pub tree: Option<String>,
    /// What indents that file.
    pub indent: String,
}

/// What a `.rda` file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Between fields.
    pub separator: String,
    /// The columns.
    pub variables: Vec<Variable>,
}

/// What indents a tree unless the metadata say otherwise.
const INDENT: &str = "@";
/// Between fields of the files written here.
const SEPARATOR: &str = ";";

/// Reads a `.rda` file.
///
/// # Errors
/// When it says something that is not understood; the message names the file by `name`.
pub fn read_metadata(name: &str, bytes: &[u8]) -> Result<Metadata> {
    let text = String::from_utf8_lossy(bytes);
    let mut found = Metadata { separator: ",".into(), variables: Vec::new() };
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong =
            |problem: &str| Error::data(format!("`{name}`, line {}: {problem}", number + 1));
        let line = line.trim();
        let Some((key, value)) = line.strip_prefix('<').and_then(|line| line.split_once('>'))
        else {
            let name = line.split_whitespace().next().unwrap_or(line);
            let name = unquoted(name).to_owned();
            found.variables.push(Variable { name, indent: INDENT.into(), ..Variable::default() });
            continue;
        };
        let value = unquoted(value.trim()).to_owned();
        let Some(variable) = found.variables.last_mut() else {
            if key == "SEPARATOR" {
                found.separator = value;
            }
            continue;
        };
        match key {
            "RECODABLE" | "RECODEABLE" => variable.role = Role::Code,
            "NUMERIC" => variable.role = Role::Value,
            "FREQUENCY" => variable.role = Role::Units,
            "MAXSCORE" => variable.role = Role::Largest,
            "STATUS" => variable.role = Role::Status,
            "COST" => variable.role = Role::Cost,
            "LOWERPL" | "UPPERPL" | "SHADOW" | "HOLDING" | "WEIGHT" => variable.role = Role::Other,
            "TOTCODE" => variable.total = Some(value),
            "HIERCODELIST" => variable.tree = Some(value),
            "HIERLEADSTRING" => variable.indent = value,
            "HIERLEVELS" => {
                return Err(wrong("trees by the digits of codes are not read")
                    .hint("give the tree as a file of codes: `<HIERCODELIST>`"));
            }
            // Labels, decimals, letters of statuses: nothing here needs them.
            _ => {}
        }
    }
    if found.separator.len() != 1 {
        return Err(Error::data(format!("`{name}`: `<SEPARATOR>` is one letter")));
    }
    if !found.variables.iter().any(|variable| variable.role == Role::Code) {
        return Err(Error::data(format!("`{name}` has no variable that is `<RECODABLE>`")));
    }
    Ok(found)
}

fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text)
}

impl Metadata {
    /// The names of the columns that are something.
    pub fn names(&self, role: Role) -> impl Iterator<Item = &str> {
        let of_role = self.variables.iter().filter(move |variable| variable.role == role);
        of_role.map(|variable| variable.name.as_str())
    }

    /// A `.tab` file, with heads.
    #[must_use]
    pub fn with_heads(&self, tab: &[u8]) -> Vec<u8> {
        let heads: Vec<&str> =
            self.variables.iter().map(|variable| variable.name.as_str()).collect();
        let mut bytes = heads.join(&self.separator).into_bytes();
        bytes.push(b'\n');
        bytes.extend(tab);
        bytes
    }
}

/// Reads a `.hrc` file: codes under `total`.
///
/// # Errors
/// When a line is more than one level below the one before; the message names the file by `name`.
pub fn read_tree(name: &str, bytes: &[u8], (indent, total): (&str, &str)) -> Result<Pairs> {
    let text = String::from_utf8_lossy(bytes);
    let mut above: Vec<&str> = vec![total];
    let mut pairs = Pairs::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (mut code, mut depth) = (line.trim(), 1);
        while let Some(rest) = code.strip_prefix(indent).filter(|_| !indent.is_empty()) {
            (code, depth) = (rest, depth + 1);
        }
        if depth > above.len() {
            let problem = "is more than one level below the line before";
            return Err(Error::data(format!("`{name}`, line {}: {code} {problem}", number + 1)));
        }
        above.truncate(depth);
        add_levels([above[depth - 1], code].into_iter(), &mut pairs);
        above.push(code);
    }
    Ok(pairs)
}

/// The files of a table, for τ-ARGUS to protect: name without folder, content. Primary cells are
/// unsafe, and what conum hid to protect them is safe again.
///
/// # Errors
/// When a code has the separator in it.
pub fn write(out: &Protected, name: &str) -> Result<Vec<(String, String)>> {
    let cells = &out.table.cells;
    let has_largest = cells.figures.values().any(|figure| !figure.made_of.largest.is_empty());
    let mut tab = String::new();
    for ((nodes, said), figure) in cells.figures.iter().zip(&out.table.figures) {
        let mut fields: Vec<String> =
            cells.axes.iter().zip(nodes).map(|(axis, node)| axis.code(*node).to_owned()).collect();
        if let Some(code) = fields.iter().find(|code| code.contains(SEPARATOR)) {
            return Err(Error::data(format!(
                "code `{code}` has the separator `{SEPARATOR}` in it"
            )));
        }
        let places = out.problem.places;
        fields.push(show(said.made_of.value, places));
        fields.push(said.made_of.units.to_string());
        let largest = said.made_of.largest.first().copied().unwrap_or(0);
        let largest = i64::try_from(largest).unwrap_or(i64::MAX);
        fields.extend(has_largest.then(|| show(largest, places)));
        let is_frozen = |state: State| state == State::Frozen;
        let state = out.problem.system.cells.get(*figure).map(|cell| cell.state);
        let status = match out.problem.status(*figure, out.pattern) {
            Status::A | Status::B => "U",
            _ if state.is_some_and(is_frozen) => "P",
            Status::D | Status::V => "S",
        };
        fields.push(status.to_owned());
        tab.push_str(&fields.join(SEPARATOR));
        tab.push('\n');
    }
    let mut files = vec![(format!("{name}.tab"), tab)];
    let mut metadata = format!("<SEPARATOR> \"{SEPARATOR}\"\n");
    for axis in &cells.axes {
        let variable = axis.name.replace(char::is_whitespace, "_");
        let total = axis.tree.nodes().next().map_or("", |root| axis.code(root));
        // Ignoring a failure is safe: a string takes all that it is given.
        write!(metadata, "{variable}\n  <RECODABLE>\n  <TOTCODE> \"{total}\"\n").ok();
        if axis.levels() > 1 {
            let tree = format!("{name}_{variable}.hrc");
            write!(metadata, "  <HIERARCHICAL>\n  <HIERCODELIST> \"{tree}\"\n").ok();
            writeln!(metadata, "  <HIERLEADSTRING> \"{INDENT}\"").ok();
            files.push((tree, tree_of(axis)));
        }
    }
    let places = out.problem.places;
    write!(metadata, "value\n  <NUMERIC>\n  <DECIMALS> {places}\nunits\n  <FREQUENCY>\n").ok();
    if has_largest {
        write!(metadata, "largest\n  <MAXSCORE>\n  <DECIMALS> {places}\n").ok();
    }
    metadata.push_str("status\n  <STATUS>\n  <SAFE> S\n  <UNSAFE> U\n  <PROTECT> P\n");
    files.push((format!("{name}.rda"), metadata));
    Ok(files)
}

fn tree_of(axis: &Axis) -> String {
    let below = axis.tree.nodes().filter(|node| axis.depth(*node) > 0);
    let line = |node: u32| format!("{}{}\n", INDENT.repeat(axis.depth(node) - 1), axis.code(node));
    below.map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::secrecy::{CostBy, Rules};
    use crate::protect::office::assemble::{Codes, Plan, Source, assemble};
    use crate::protect::office::hierarchy;
    use crate::protect::office::problem::Problem;
    use crate::protect::office::records::Columns;
    use std::collections::BTreeMap;

    fn plan(columns: Columns, rules: Vec<Rules>) -> Plan {
        let of_marked: Rules = toml::from_str("unit = \"structure\"\nmin_units = 3").unwrap();
        Plan {
            columns,
            levels: Vec::new(),
            totals: BTreeMap::new(),
            attributes: Vec::new(),
            missing: std::collections::BTreeSet::new(),
            rules,
            of_marked,
            cost: CostBy::Value,
            minds_insiders: false,
        }
    }

    fn columns() -> Columns {
        Columns {
            value: Some("value".into()),
            units: Some("units".into()),
            largest: vec!["largest".into()],
            ..Columns::default()
        }
    }

    const TREE: &str = "A10,A21\nAZ,01\nAZ,02\nBE,06\n";
    const TABLE: &str =
        "ACT,SIZE,value,units,largest\n01,s,10.5,1,10.5\n02,b,20,5,6\n06,s,7,3,6.5\n";

    fn problem(table: &str, columns: Columns, rules: Vec<Rules>) -> Problem {
        let source = |name: &str, text: &str| Source { name: name.into(), bytes: text.into() };
        let pairs = hierarchy::read("tree", TREE.as_bytes()).unwrap();
        let tree = Codes { dimension: Some("ACT".into()), name: "tree".into(), pairs };
        assemble(&[source("t", table)], &[tree], &plan(columns, rules)).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let rules: Rules = toml::from_str("unit = \"structure\"\nmin_units = 3").unwrap();
        let first = problem(TABLE, columns(), vec![rules]);
        let pattern = first.system.forbidden();
        let out = Protected { problem: &first, table: &first.tables[0], pattern: &pattern };
        let files: BTreeMap<String, String> = write(&out, "t").unwrap().into_iter().collect();
        assert_eq!(files["t_ACT.hrc"], "AZ\n@01\n@02\nBE\n@06\n");
        let metadata = read_metadata("t.rda", files["t.rda"].as_bytes()).unwrap();
        let tree = metadata.variables[0].tree.clone();
        assert_eq!(tree.as_deref(), Some("t_ACT.hrc"));
        let mut pairs = Pairs::new();
        add_levels(["Total", "AZ", "01"].into_iter(), &mut pairs);
        add_levels(["Total", "AZ", "02"].into_iter(), &mut pairs);
        add_levels(["Total", "BE", "06"].into_iter(), &mut pairs);
        let hrc = files["t_ACT.hrc"].as_bytes();
        assert_eq!(read_tree("t_ACT.hrc", hrc, ("@", "Total")).unwrap(), pairs);
        let again = String::from_utf8(metadata.with_heads(files["t.tab"].as_bytes())).unwrap();
        let status = Some("status".into());
        let columns = Columns { status, delimiter: b';', ..columns() };
        let again = problem(&again, columns, Vec::new());
        assert_eq!(again.system.keys, first.system.keys);
        let state = |problem: &Problem| -> Vec<(i64, State)> {
            problem.system.cells.iter().map(|cell| (cell.value, cell.state)).collect()
        };
        assert_eq!(state(&again), state(&first));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_harm(
            text in "(<?(RECODABLE|NUMERIC|TOTCODE|HIERLEADSTRING)?>?[ @;a-c\"\n]{0,4}){0,9}",
        ) {
            drop(read_metadata("t.rda", text.as_bytes()));
            drop(read_tree("t.hrc", text.as_bytes(), ("@", "Total")));
            drop(hierarchy::read("t.csv", text.as_bytes()));
        }
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let error = read_tree("t.hrc", b"a\n@@b\n", ("@", "Total")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`t.hrc`, line 2: b is more than one level below the line before"
        );
        let error = read_metadata("t.rda", b"<SEPARATOR> \";\"\nx\n <NUMERIC>\n").unwrap_err();
        assert_eq!(error.to_string(), "`t.rda` has no variable that is `<RECODABLE>`");
        let error = read_metadata("t.rda", b"x 1\n<RECODEABLE>\n<HIERLEVELS> 1 1\n").unwrap_err();
        assert_eq!(error.to_string(), "`t.rda`, line 3: trees by the digits of codes are not read");
    }
}
