#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| farreach_fuzz::session_messages(bytes));
