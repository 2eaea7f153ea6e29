//! Real-time scheduling, where the system permits it.

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
