//! The units under a systemd that is at work, on a copy of this machine that goes away with it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::{copy_folder, not_shown, root, said};

use super::{is_root, make};

/// What a mail is handed over to.
const SENDMAIL: &str = "#!/bin/sh\ncat >>/run/told/mail\n";

/// Words of the scenes: `begin UNIT` starts a unit as its timer does and prints what became of it;
/// `told` waits for the notice of it, and prints the subject of its mail.
const WORDS: &str = r#"
    shown() { systemctl show --value --property="$1" "$2.service"; }
    begin() {
        unit=$1
        # A notice that is still at work is not begun once more.
        while [ "$(shown SubState "conum-notify@$unit")" = start ]; do sleep 0.1; done
        rm -f /run/told/mail
        before=$(shown InvocationID "conum-notify@$unit")
        systemctl start "$unit.service" 2>/dev/null
        echo "$(shown Result $unit) $(shown ExecMainStatus $unit) $(shown SubState $unit)"
    }
    has_notice() { [ "$(shown InvocationID "conum-notify@$unit")" != "$before" ]; }
    told() {
        until has_notice && [ "$(shown SubState "conum-notify@$unit")" = dead ]; do sleep 0.1; done
        grep ^Subject: /run/told/mail 2>/dev/null || echo silent
    }
"#;

struct Machine {
    folder: TempDir,
    boot: Child,
    init: String,
}

impl Machine {
    /// Installs the program, and starts a systemd that knows it.
    fn boot() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let upper = folder.path().join("upper");
        make("install", &[format!("DESTDIR={}", upper.display())]).expect(0);
        // The copy of this machine takes its owner and rights from these folders.
        for folder in [folder.path(), &upper] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::create_dir_all(upper.join("usr/local/sbin")).unwrap();
        fs::create_dir_all(upper.join("etc/conum")).unwrap();
        for (name, text, mode) in [
            ("usr/local/sbin/sendmail", SENDMAIL, 0o755),
            ("etc/conum/key", "an invented key of some length", 0o600),
        ] {
            fs::write(upper.join(name), text).unwrap();
            fs::set_permissions(upper.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::write(
            upper.join("etc/conum/conum.env"),
            "CONUM_RUN_OPTIONS=--as-of 2025-07-01\nCONUM_MAIL_TO=office@example.org\n",
        )
        .unwrap();
        copy_folder(&root().join("sample-data"), &upper.join("srv/sample"));
        let mut boot = Command::new("unshare");
        boot.args([
            "--mount",
            "--pid",
            "--uts",
            "--ipc",
            "--net",
            "--fork",
            "--kill-child",
            "bash",
        ]);
        boot.arg(root().join("tests/it/install/boot.sh")).arg(folder.path());
        boot.stdin(Stdio::null()).stdout(Stdio::null());
        let mut machine = Self { folder, boot: boot.spawn().unwrap(), init: String::new() };
        machine.wait();
        machine
    }

    /// Waits until all has been started.
    fn wait(&mut self) {
        let id = self.boot.id();
        for _ in 0..1200 {
            std::thread::sleep(std::time::Duration::from_millis(100));
            assert!(self.boot.try_wait().unwrap().is_none(), "systemd did not start");
            let below = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
            self.init = below.unwrap_or_default().trim().to_owned();
            if !self.init.is_empty() && self.shell("systemctl is-system-running") == "running\n" {
                return;
            }
        }
        panic!("systemd is not up: {}", self.shell("systemctl --failed --no-pager"));
    }

    /// What a script in it prints.
    fn shell(&self, script: &str) -> String {
        let mut shell = Command::new("timeout");
        shell.args(["300", "nsenter", "--all", "--target", &self.init, "sh", "-c"]);
        said(&shell.arg(format!("{WORDS}{script}")).output().unwrap()).stdout
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Its first process goes with it, and so do all others and the copy.
        self.boot.kill().ok();
        self.boot.wait().ok();
        assert!(self.folder.path().join("upper").exists());
    }
}

#[test]
fn nights_under_a_systemd_that_is_at_work() {
    if !is_root() {
        not_shown("only root starts a systemd of its own");
        return;
    }
    let machine = Machine::boot();
    let check = |script: &str, expected: &str| {
        let told = machine.shell(script);
        let log = || machine.shell("journalctl --no-pager -o cat -u 'conum*' | tail -40");
        assert_eq!(told, expected, "{script}\n{}", log());
    };
    // As the page on operations says, after the installation.
    check(
        "mkdir -m 777 /run/told; systemd-sysusers; systemd-tmpfiles --create conum.conf
         systemctl enable --now conum.timer conum-status.timer 2>/dev/null
         stat -c '%A %U %G' /var/lib/conum /var/lib/conum/input
         cp /srv/sample/* /srv/sample/.conum-sample /var/lib/conum/input",
        "drwxr-x--- root conum\ndrwxrws--- root conum\n",
    );
    check(
        "begin conum-status; told",
        "exit-code 66 failed\nSubject: conum: conum-status.service failed with code 66\n",
    );
    check("begin conum; told", "success 0 dead\nsilent\n");
    check("begin conum-status; told", "success 0 dead\nsilent\n");
    check(
        "cd /var/lib/conum/warehouse; stat -c '%A %U %G' . tables/. releases/.",
        "drwxr-x--- conum conum\ndrwxr-x--- conum conum\ndrwxr-x--- conum conum\n",
    );
    // With warnings: no failure, and told all the same, with what the morning says.
    check(
        "echo odd >/var/lib/conum/input/odd.txt; begin conum; told
         grep -c odd.txt /run/told/mail; rm /var/lib/conum/input/odd.txt",
        "success 3 dead\nSubject: conum: conum.service ended with warnings\n1\n",
    );
    // Somebody is at work: it tries again, and tells once that it was in vain.
    check(
        "mkdir -p /etc/systemd/system/conum.service.d
         printf '[Service]\\nRestartSec=100ms\\n' >/etc/systemd/system/conum.service.d/soon.conf
         systemctl daemon-reload; systemctl reset-failed conum; cd /var/lib/conum/warehouse
         flock --no-fork .lock sleep 100 >/dev/null 2>&1 &
         while flock --nonblock .lock true; do :; done
         begin conum >/dev/null; until [ -s /run/told/mail ]; do sleep 0.1; done
         grep ^Subject: /run/told/mail; shown NRestarts conum
         kill $!; wait; systemctl reset-failed conum",
        "Subject: conum: conum.service failed with code 75\n4\n",
    );
    // Without its key it does not begin, and does not try again.
    check(
        "mv /etc/conum/key /etc/conum/lost; begin conum; told; mv /etc/conum/lost /etc/conum/key",
        "exit-code 243 failed\nSubject: conum: conum.service failed with code 243\n",
    );
    // Without a program that takes mails, the journal is told.
    check(
        "rm /usr/local/sbin/sendmail; mv /var/lib/conum/input /var/lib/conum/other
         mkdir -m 755 /var/lib/conum/input; begin conum; told
         journalctl -o cat --no-pager -p err -u conum-notify@conum |
         grep -o 'conum.service failed with code 66'",
        "exit-code 66 failed\nsilent\nconum.service failed with code 66\n",
    );
}
