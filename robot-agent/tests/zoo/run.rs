//! Runs tests of the copy, and says what became of them: with a limit on the time, because a fault may
//! make a test wait for ever, and with the words of the test harness, because a build that broke or a
//! process that died has found nothing.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How often a child is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What became of a planted fault.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Found,
    Missed,
    /// The copy did not compile, no test ran, or it came to no verdict: that is no finding.
    NotRun(String),
}

/// What a process left behind.
pub(crate) struct Ended {
    status: ExitStatus,
    said: String,
    complained: String,
}

/// Runs `command` to its end; `None` if it took longer than `limit`: then it is killed, and with it all
/// that it has started.
pub(crate) fn run(command: &mut Command, limit: Duration, scratch: &Path) -> Option<Ended> {
    // Files, not pipes: nobody reads a pipe while the time is watched.
    let open = |name: &str| {
        let path = scratch.join(name);
        File::options().create(true).truncate(true).read(true).write(true).open(path).unwrap()
    };
    let (out, err) = (open("stdout"), open("stderr"));
    command.stdin(Stdio::null()).process_group(0);
    command.stdout(out.try_clone().unwrap()).stderr(err.try_clone().unwrap());
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if began.elapsed() > limit {
            let group = format!("-{}", child.id());
            Command::new("kill").args(["-KILL", "--", &group]).status().unwrap();
            child.wait().unwrap();
            return None;
        }
        std::thread::sleep(LOOK_EVERY);
    };
    Some(Ended { status, said: text(out), complained: text(err) })
}

fn text(mut file: File) -> String {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Ended {
    /// What became of the fault under which this was run.
    pub(crate) fn fate(&self) -> Fate {
        let ran =
            self.said.lines().any(|l| l.starts_with("running ") && !l.starts_with("running 0"));
        let failed = self.said.lines().any(|l| l.starts_with("test result: FAILED"));
        match (ran, self.status.success()) {
            (true, true) => Fate::Missed,
            (true, false) if failed => Fate::Found,
            (true, false) => Fate::NotRun(format!("no verdict, {}", self.status)),
            (false, true) => Fate::NotRun("no such test".to_owned()),
            (false, false) => Fate::NotRun(self.complaint().to_owned()),
        }
    }

    /// Nothing, if everything that ran has passed and each of these tests was among it.
    pub(crate) fn lacks<'a>(&self, tests: impl Iterator<Item = &'a str>) -> Vec<String> {
        if !self.status.success() {
            let failed =
                self.said.lines().filter(|l| l.starts_with("test ") && l.ends_with(" FAILED"));
            let mut failed: Vec<_> = failed.map(str::to_owned).collect();
            failed.push(format!("{}: {}", self.status, self.complaint()));
            return failed;
        }
        let passed = |test: &str| {
            let names = self.said.lines().filter_map(|l| {
                l.strip_prefix("test ")?.strip_suffix(" ... ok")?.rsplit("::").next()
            });
            names.into_iter().any(|name| name == test)
        };
        tests.filter(|test| !passed(test)).map(|test| format!("{test} did not run")).collect()
    }

    fn complaint(&self) -> &str {
        self.complained.lines().find(|l| l.starts_with("error")).unwrap_or("no reason given")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("farreach-zoo-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }

    /// What a shell that says this, and ends with this, left behind.
    fn shell(name: &str, script: &str) -> Ended {
        let path = scratch(name);
        let ended = run(Command::new("sh").args(["-c", script]), Duration::from_mins(1), &path);
        std::fs::remove_dir_all(path).unwrap();
        ended.unwrap()
    }

    #[test]
    fn only_a_test_that_ran_and_failed_has_found_something() {
        let fate = |name, script| shell(name, script).fate();
        let failed = "echo running 1 test; echo 'test result: FAILED. 0 passed'; exit 101";
        assert_eq!(fate("failed", failed), Fate::Found);
        assert_eq!(fate("passed", "echo running 2 tests; echo 'test result: ok.'"), Fate::Missed);
        let none = "echo running 0 tests; echo 'test result: ok.'";
        assert_eq!(fate("none", none), Fate::NotRun("no such test".to_owned()));
        let broken = "echo 'error[E0308]: mismatched types' >&2; exit 101";
        assert_eq!(
            fate("broken", broken),
            Fate::NotRun("error[E0308]: mismatched types".to_owned())
        );
        let dead = fate("dead", "echo running 1 test; kill -ABRT $$");
        assert!(matches!(dead, Fate::NotRun(why) if why.starts_with("no verdict")));
    }

    #[test]
    fn a_test_that_does_not_pass_in_the_sound_copy_is_named() {
        let lacks = |name, script| shell(name, script).lacks(["one", "two"].into_iter());
        let both = "echo 'test a::one ... ok'; echo 'test two ... ok'";
        assert!(lacks("both", both).is_empty());
        let other = "echo 'test a::one ... ok'; echo 'test a::two_more ... ok'";
        assert_eq!(lacks("other", other), ["two did not run"]);
        let failed = "echo 'test a::one ... FAILED'; echo 'test two ... ok'; exit 101";
        assert_eq!(lacks("sound", failed).first().unwrap(), "test a::one ... FAILED");
        assert_eq!(
            lacks("built", "echo 'error: no' >&2; exit 101"),
            ["exit status: 101: error: no"]
        );
    }

    /// A fault that makes a test wait for ever ends, and so does what it had started.
    #[test]
    fn what_takes_too_long_is_killed_with_all_that_it_started() {
        let path = scratch("late");
        let script = "sleep 300 & echo $!; wait";
        let limit = Duration::from_millis(300);
        assert!(run(Command::new("sh").args(["-c", script]), limit, &path).is_none());
        let grandchild = std::fs::read_to_string(path.join("stdout")).unwrap();
        std::fs::remove_dir_all(path).unwrap();
        let stat = format!("/proc/{}/stat", grandchild.trim());
        let patience = Instant::now();
        // Gone, or waiting for whoever inherited it to notice.
        while std::fs::read_to_string(&stat).is_ok_and(|s| !s.contains(") Z ")) {
            assert!(patience.elapsed() < Duration::from_mins(1), "process {grandchild} lives on");
            std::thread::sleep(LOOK_EVERY);
        }
    }
}
