//! libFuzzer on `jks`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trust_init_fuzz::jks::try_input(bytes));
