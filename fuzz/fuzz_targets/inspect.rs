//! libFuzzer on `inspect`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trust_init_fuzz::inspect::try_input(bytes));
