//! What a real-time thread needs of its system, as far as that permits it: to go first, and never to wait for a
//! page of its memory.

use thread_priority::{
    RealtimeThreadSchedulePolicy, ThreadPriority, ThreadPriorityValue, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// Half-way up: above all ordinary work, below what the kernel itself needs.
const PRIORITY: u8 = 50;

/// Asks for real-time scheduling (first in, first out) of this thread.
///
/// # Errors
/// A sentence for the log: which `thread` it was, what it costs not to have it (`late`: what may come
/// late), and how to permit it.
pub fn ask_for_real_time(thread: &str, late: &str) -> Result<(), String> {
    let refused = |_| {
        format!(
            "the {thread} thread has no real-time priority: {late} may be late by milliseconds on a \
             busy machine; permit it with `ulimit -r {PRIORITY}` or CAP_SYS_NICE"
        )
    };
    let value = ThreadPriorityValue::try_from(PRIORITY)?;
    set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Crossplatform(value),
        ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo),
    )
    .map_err(refused)
}

/// Keeps the memory of this process where it is, what it will ask for included: a page that must be fetched or
/// made costs a thread up to milliseconds.
///
/// Only with no limit on locked memory, or as root: below a limit, the process would be refused memory later,
/// in the middle of its work.
///
/// # Errors
/// A sentence for the log: what it costs not to have it, and how to permit it.
#[cfg(target_os = "linux")]
pub fn lock_memory() -> Result<(), String> {
    use rustix::mm::{MlockAllFlags, mlockall};
    use rustix::process::{Resource, geteuid, getrlimit};
    let refused = || {
        "the memory is not locked: a tick or a command may be late by milliseconds when the system is short of \
         memory; permit it with `ulimit -l unlimited` or as root"
            .to_owned()
    };
    if getrlimit(Resource::Memlock).current.is_some() && !geteuid().is_root() {
        return Err(refused());
    }
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE).map_err(|_| refused())
}

/// Other systems have no such thing.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn lock_memory() -> Result<(), String> {
    Err("the memory is not locked: this system can not do it".to_owned())
}

/// Tries on a thread of its own whether real-time scheduling is permitted.
///
/// # Errors
/// As [`ask_for_real_time`].
pub fn may_be_real_time() -> Result<(), String> {
    std::thread::scope(|scope| {
        let trial = scope.spawn(|| ask_for_real_time("measuring", "messages"));
        trial.join().unwrap_or_else(|_| Err("a thread could not be tried".to_owned()))
    })
}
