//! libFuzzer on `bundle`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trust_init_fuzz::bundle::try_input(bytes));
