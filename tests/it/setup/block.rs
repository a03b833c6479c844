//! Blocks of trust-compose in files of the user: after their removal every byte is as before.

use trust_init::compose::setup::write::managed_block::{lines, with, without};

use crate::world::is_snapshot;

fn block_lines(line: &str) -> Vec<String> {
    vec![line.to_owned()]
}

fn insert(text: Option<&[u8]>, line: &str) -> Vec<u8> {
    with(text, &block_lines(line), |_| false).unwrap()
}

#[test]
fn a_block_is_inserted_and_removed() {
    let texts: [&[u8]; 12] = [
        b"",
        b"\n",
        b"A=1\n",
        b"A=1",
        b"A=1\r\nB=2\r\n",
        b"A=1\r\nB=2",
        b"A=1\r\nB=2\n",
        b"A=1\nB=2\r",
        b"A=1\r",
        b"\xef\xbb\xbf",
        b"\xef\xbb\xbfA=1",
        b"\xff\xfe\0A\0\n",
    ];
    for text in texts {
        let filled = insert(Some(text), "X=1");
        assert!(filled.starts_with(text), "{text:?}");
        assert_eq!(lines(&filled).unwrap(), Some(block_lines("X=1")));
        assert_eq!(insert(Some(&filled), "X=1"), filled);
        let changed = insert(Some(&filled), "X=2");
        assert_eq!(lines(&changed).unwrap(), Some(block_lines("X=2")));
        let rest = without(&changed).unwrap().unwrap();
        assert_eq!((rest.text.as_slice(), rest.is_needless), (text, false));
        assert_eq!(without(text).unwrap(), None);
    }
}

#[test]
fn a_block_has_the_line_ends_of_its_file() {
    assert_eq!(
        String::from_utf8(insert(Some(b"A=1\r\nB=2"), "X=1")).unwrap(),
        "A=1\r\nB=2\r\n# trust-compose: begin; `remove` takes this block out, and the line end \
         above\r\nX=1\r\n# trust-compose: end\r\n"
    );
}

#[test]
fn a_block_of_an_earlier_version_is_recognized() {
    let old = String::from_utf8(insert(Some(b"A=1"), "X=1")).unwrap();
    let old = old.replace("begin;", "begin 23a40b81;");
    assert_eq!(insert(Some(old.as_bytes()), "X=1"), old.as_bytes());
    assert_eq!(insert(Some(old.as_bytes()), "X=2"), insert(Some(b"A=1"), "X=2"));
    assert_eq!(without(old.as_bytes()).unwrap().unwrap().text, b"A=1");
}

#[test]
fn a_file_created_for_the_block_is_removed_with_it() {
    let made = insert(None, "X=1");
    let rest = without(&made).unwrap().unwrap();
    assert!(rest.text.is_empty() && rest.is_needless);
    let used = [&made[..], b"A=1\n"].concat();
    let rest = without(&insert(Some(&used), "X=2")).unwrap().unwrap();
    assert_eq!((&rest.text[..], rest.is_needless), (&b"A=1\n"[..], false));
}

#[test]
fn a_line_below_the_block_stays_a_separate_line() {
    let text = [&insert(Some(b"A=1"), "X=1")[..], b"B=2"].concat();
    assert_eq!(without(&text).unwrap().unwrap().text, b"A=1\nB=2");
    let changed = insert(Some(&text), "X=22");
    assert!(changed.starts_with(b"A=1\n# trust") && changed.ends_with(b"end\nB=2"));
    assert_eq!(without(&changed).unwrap().unwrap().text, b"A=1\nB=2");
}

#[test]
fn a_block_moves_below_a_line_that_overrides_it() {
    let text = [&insert(Some(b"A=1"), "X=1")[..], b"X=3\nB=2"].concat();
    let overrules = |line: &[u8]| line.starts_with(b"X=");
    let moved = with(Some(&text), &block_lines("X=1"), overrules).unwrap();
    assert!(moved.starts_with(b"A=1\nX=3\nB=2\n# trust-compose: begin"));
    assert_eq!(with(Some(&moved), &block_lines("X=1"), overrules).unwrap(), moved);
    assert_eq!(without(&moved).unwrap().unwrap().text, b"A=1\nX=3\nB=2");
}

#[test]
fn changed_line_ends_do_not_damage_a_block() {
    for text in [&b""[..], b"A=1\n", b"A=1"] {
        let filled = String::from_utf8(insert(Some(text), "X=1")).unwrap();
        let expected = String::from_utf8(text.to_vec()).unwrap().replace('\n', "\r\n");
        let edited = filled.replace('\n', "\r\n");
        assert_eq!(without(edited.as_bytes()).unwrap().unwrap().text, expected.as_bytes());
        assert_eq!(without(filled.trim_end().as_bytes()).unwrap().unwrap().text, text);
    }
}

/// xorshift64 (Marsaglia 2003).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn removal_restores_any_text_exactly_or_changes_nothing() {
    let block = insert(Some(b""), "X=1");
    let begin = block.split_inclusive(|&byte| byte == b'\n').next().unwrap();
    let pieces: [&[u8]; 16] = [
        b"A=1",
        b"\n",
        b"\r\n",
        b"\n",
        b"\r",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"X=5",
        b"# trust-compose: end of it",
        b" # trust-compose: begin",
        b"#trust-compose: end",
        b"# trust-compose: end\n",
        b"# trust-compose: begin 12345678\n",
        begin,
        &block,
    ];
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut clean = 0;
    for _ in 0..2000 {
        let rare = chance.below(3) == 0;
        let length = chance.below(12);
        let kinds = if rare { pieces.len() } else { 12 };
        let parts: Vec<_> = (0..length).map(|_| pieces[chance.below(kinds)]).collect();
        let text = parts.concat();
        let overrules = |line: &[u8]| line.starts_with(b"X=");
        let Ok(filled) = with(Some(&text), &block_lines("X=7"), overrules) else {
            assert!(without(&text).is_err() && lines(&text).is_err());
            continue;
        };
        assert_eq!(
            with(Some(&filled), &block_lines("X=7"), overrules).unwrap(),
            filled,
            "{text:?}"
        );
        let rest = without(&filled).unwrap().unwrap();
        match without(&text).unwrap() {
            // The text already contained a block.
            Some(before) => assert_eq!(rest.text, before.text, "{text:?}"),
            None => {
                assert_eq!(rest.text, text);
                clean += 1;
            }
        }
    }
    assert!(clean > 1000, "only {clean} texts without a block");
}

#[test]
fn a_damaged_block_is_reported_and_never_changed() {
    let block = String::from_utf8(insert(Some(b""), "X=1")).unwrap();
    let texts = [
        block.replace("# trust-compose: end\n", ""),
        block.replace("takes", "takse"),
        format!("A=1\n# trust-compose: end\n{block}"),
        format!("A=1\n{block}B=2\n{block}"),
        format!("# trust-compose: begin \n{block}"),
        block.replace("X=1", &format!("{block}X=1")),
    ];
    let mut output = String::new();
    for text in texts {
        let damage = without(text.as_bytes()).unwrap_err();
        assert_eq!(with(Some(text.as_bytes()), &block_lines("X=2"), |_| false), Err(damage));
        assert_eq!(lines(text.as_bytes()), without(text.as_bytes()).map(|_| None));
        let damage = without(text.as_bytes()).unwrap_err();
        output.push_str(&format!("{damage}\nfix: {}\n\n", damage.fix()));
    }
    is_snapshot(&output, "setup/block.txt");
}
