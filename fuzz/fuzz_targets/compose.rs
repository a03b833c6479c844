//! libFuzzer on `compose`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trust_init_fuzz::compose::try_input(bytes));
