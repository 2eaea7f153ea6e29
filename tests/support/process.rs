//! Runs the built command as a user would, and reads what it says.

#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Nothing that is waited for here takes longer on a healthy machine, however slow.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// The built command, with arguments.
pub(crate) fn farreach(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farreach"));
    command.args(args).env("NO_COLOR", "1").env_remove("FARREACH_LOG");
    command
}

/// Runs it to its end.
pub(crate) fn output(args: &[&str]) -> Output {
    farreach(args).stdin(Stdio::null()).output().unwrap()
}

/// What it said on stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A folder of its own for one test, removed at the end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running command whose stderr is read line by line. Killed at the end of the test.
pub(crate) struct Running {
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Running {
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut child = farreach(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let (reader, kept) = (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&lines));
        std::thread::spawn(move || {
            for line in reader.lines().map_while(Result::ok) {
                kept.lock().unwrap().push(line);
            }
        });
        Self { child, lines }
    }

    /// All it has said so far.
    pub(crate) fn said(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// Waits for a line at or after line `from` that contains all of `parts`; returns its number
    /// and itself.
    pub(crate) fn wait_from(&mut self, from: usize, parts: &[&str]) -> (usize, String) {
        let began = Instant::now();
        loop {
            let said = self.said();
            let found = said
                .iter()
                .enumerate()
                .skip(from)
                .find(|(_, line)| parts.iter().all(|p| line.contains(p)));
            if let Some((n, line)) = found {
                return (n, line.clone());
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < PATIENCE,
                "waited for {parts:?}, ended: {ended:?}, said:\n{}",
                said.join("\n")
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub(crate) fn wait_for(&mut self, parts: &[&str]) -> String {
        self.wait_from(0, parts).1
    }

    /// Types a line at it.
    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended; returns its exit code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(began.elapsed() < PATIENCE, "does not end:\n{}", self.said().join("\n"));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal by name (`STOP`, `CONT`, `INT`) through the shell: the standard library has no safe call
    /// for it.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let script = "kill -s \"$1\" \"$2\"";
        let sent = Command::new("sh").args(["-c", script, "sh", name, &pid]).status().unwrap();
        assert!(sent.success(), "{name} to {pid}");
    }

    /// SIGKILL: it gets no chance to say goodbye.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}
