//! Manual pages and completions, as man and the shells read them.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{conum, said};

use super::Installed;

/// The commands that `conum help` lists below a command.
fn commands(below: &[&str]) -> Vec<String> {
    let help = said(&conum().args(below).arg("--help").output().unwrap()).expect(0).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let listed = listed.take_while(|line| !line.is_empty());
    // Further lines of what a command does are indented more.
    let names =
        listed.filter_map(|line| line.strip_prefix("  ").and_then(|it| it.split(' ').next()));
    names.filter(|name| !["", "help"].contains(name)).map(str::to_owned).collect()
}

/// A manual page as it is read, with what man has to complain of.
fn rendered(page: &Path) -> (String, String) {
    let mut man = Command::new("man");
    man.args(["--warnings", "--encoding=UTF-8", "--no-justification", "--no-hyphenation"]);
    man.arg("--local-file").arg(page);
    man.env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("MANWIDTH", "80")
        .env("LC_ALL", "C.UTF-8");
    let said = said(&man.output().unwrap()).expect(0);
    (said.stdout, said.stderr)
}

#[test]
fn each_command_has_a_manual_page_that_man_shows_without_complaint() {
    let installed = Installed::new();
    let folder = installed.path("share/man/man1");
    let mut expected = BTreeSet::from(["conum.1".to_owned()]);
    for command in commands(&[]) {
        let below = commands(&[&command]);
        expected.extend(below.into_iter().map(|below| format!("conum-{command}-{below}.1")));
        expected.insert(format!("conum-{command}.1"));
    }
    assert!(expected.contains("conum-runs-gc.1"));
    let entries = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
    let found: BTreeSet<String> = entries.map(|name| name.into_string().unwrap()).collect();
    assert_eq!(found, expected);
    for page in &expected {
        let (text, complaints) = rendered(&folder.join(page));
        assert_eq!(complaints, "", "{page}");
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS", "ENVIRONMENT"] {
            assert!(text.lines().any(|line| line == section), "{page} has no {section}\n{text}");
        }
        let (name, _) = page.split_once('.').unwrap();
        let first = text.lines().skip_while(|line| *line != "NAME").nth(1).unwrap();
        assert!(first.trim_start().starts_with(&format!("{name} - ")), "{first}");
    }
    let (run, _) = rendered(&folder.join("conum-run.1"));
    assert!(run.contains("conum.key") && run.contains("warehouse/register.jsonl"), "{run}");
    // A command that has codes of its own tells them, and no others.
    let (status, _) = rendered(&folder.join("conum-status.1"));
    assert!(status.contains("a run that began in time is at work"), "{status}");
    assert!(!status.contains("a declaration is wrong"), "{status}");
}

#[test]
fn shells_take_the_completions() {
    let installed = Installed::new();
    let script = installed.path("share/bash-completion/completions/conum");
    let complete = |line: &str| {
        let words = format!(
            "source {}; COMP_WORDS=({line}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _conum conum \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo ${{COMPREPLY[@]}}",
            script.display()
        );
        said(&Command::new("bash").args(["-c", &words]).output().unwrap()).expect(0).stdout
    };
    assert_eq!(complete("conum sta"), "status\n");
    assert_eq!(complete("conum run --key"), "--key-file\n");
    assert_eq!(complete("conum publish --to d"), "data.gouv\n");
    // The other two are not on every machine.
    for (shell, check, script) in [
        ("bash", "-n", "share/bash-completion/completions/conum"),
        ("zsh", "-n", "share/zsh/site-functions/_conum"),
        ("fish", "--no-execute", "share/fish/vendor_completions.d/conum.fish"),
    ] {
        let script = installed.path(script);
        assert!(fs::read_to_string(&script).unwrap().contains("verify-secrecy"));
        match Command::new(shell).arg(check).arg(&script).output() {
            Ok(output) => assert_eq!(said(&output).expect(0).stderr, "", "{shell}"),
            Err(error) => assert!(shell != "bash", "{error}"),
        }
    }
}
