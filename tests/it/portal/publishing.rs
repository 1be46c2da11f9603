//! Releases that find a portal at work.

use conum::fetch::Patience;

use crate::portal::server::{DATASET, Server};
use crate::portal::support::{Memory, call, declared, expect_whole, knobs, portal};

#[test]
fn the_first_release_creates_a_resource_per_file() {
    let server = Server::start(knobs(), portal());
    let mut place = Memory::of("2026-10-01");
    let (done, waits) = call(&server, &mut place, Patience::default());
    let done = done.unwrap();
    expect_whole(&server, &place);
    let created: Vec<&str> = done.created.iter().map(|(file, _)| file.as_str()).collect();
    // Figures first, checksums last.
    assert_eq!(created, ["par_region.csv", "par_region.parquet", "notes.txt", "SHA256SUMS"]);
    assert_eq!((done.lacking.len(), done.unparsed.len()), (0, 0));
    assert_eq!(place.ids().len(), 4);
    assert!(waits.len() <= 1);
    let stored = server.portal().stored(&place.ids()["par_region.csv"]).clone();
    assert_eq!(stored.schema["version"], "1.0.0");
    let sha256 = &place.release().documents[2].sha256;
    let expected = format!(
        "Une ligne par région.\n\nSource : Bureau inventé. Mise à jour : 2026-10-01. \
         Diffusion : `2026-10-01-0a1b2c3d`. SHA-256 : `{sha256}`."
    );
    assert_eq!(stored.description, expected);
    assert_eq!(server.portal().text["license"], "lov2");
    let keyless =
        server.seen().into_iter().filter(|request| request.header("x-api-key").is_empty());
    // The token goes to the API alone, and not with what readers do.
    let keyless: Vec<String> = keyless.map(|request| request.path).collect();
    assert_eq!(keyless.len(), 8, "{keyless:?}");
}

#[test]
fn nothing_is_shown_before_all_parts_are_sent() {
    let server = Server::start(knobs(), portal());
    let mut place = Memory::of("2026-10-01");
    call(&server, &mut place, Patience::default()).0.unwrap();
    let posts = server.seen().into_iter().filter(|request| request.method == "POST");
    let has_file: Vec<bool> = posts.map(|request| request.form().1.is_some()).collect();
    let shown = has_file.iter().position(|has_file| !has_file).unwrap();
    assert!(has_file[..shown].len() >= 8 && has_file[shown..].iter().all(|has_file| !has_file));
}

#[test]
fn the_next_release_replaces_the_same_resources() {
    let server = Server::start(knobs(), portal());
    let mut first = Memory::of("2026-10-01");
    call(&server, &mut first, Patience::default()).0.unwrap();
    let before = server.portal();
    let mut second = first.then("2026-11-01");
    let done = call(&server, &mut second, Patience::default()).0.unwrap();
    expect_whole(&server, &second);
    assert_eq!(second.ids(), first.ids());
    assert_eq!((done.replaced.len(), done.created.len()), (4, 0));
    for id in second.ids().values() {
        let (old, new) = (before.stored(id), server.portal().stored(id).clone());
        assert_ne!(old.path, new.path);
    }
}

#[test]
fn the_same_release_again_changes_nothing() {
    let server = Server::start(knobs(), portal());
    let mut place = Memory::of("2026-10-01");
    call(&server, &mut place, Patience::default()).0.unwrap();
    server.turn(|_| {});
    let done = call(&server, &mut place, Patience::default()).0.unwrap();
    assert_eq!((done.left.len(), done.created.len(), done.replaced.len()), (4, 0, 0));
    assert!(server.seen().iter().all(|request| request.method == "GET"));
    // What was verified is not downloaded again.
    assert!(server.seen().iter().all(|request| !request.path.contains("/static/")));
    expect_whole(&server, &place);
}

#[test]
fn a_file_that_did_not_change_gets_new_words_alone() {
    let server = Server::start(knobs(), portal());
    let mut first = Memory::of("2026-10-01");
    call(&server, &mut first, Patience::default()).0.unwrap();
    let path = server.portal().stored(&first.ids()["notes.txt"]).path.clone();
    let mut second = first.then("2026-11-01");
    second.files.insert("notes.txt".to_owned(), first.files["notes.txt"].clone());
    let done = call(&server, &mut second, Patience::default()).0.unwrap();
    assert_eq!(done.described, ["notes.txt"]);
    assert_eq!(server.portal().stored(&second.ids()["notes.txt"]).path, path);
    expect_whole(&server, &second);
}

#[test]
fn a_table_that_is_withheld_leaves_the_one_before() {
    let server = Server::start(knobs(), portal());
    let mut first = Memory::of("2026-10-01");
    first.files.insert("par_theme.csv".to_owned(), b"a\n1\n".to_vec());
    call(&server, &mut first, Patience::default()).0.unwrap();
    let mut second = first.then("2026-11-01");
    let done = call(&server, &mut second, Patience::default()).0.unwrap();
    assert_eq!(done.lacking, ["par_theme.csv"]);
    let stored = server.portal().stored(&first.ids()["par_theme.csv"]).clone();
    assert_eq!(stored.bytes, b"a\n1\n");
}

#[test]
fn a_dataset_that_lost_its_resources_is_told() {
    let server = Server::start(knobs(), portal());
    let mut place = Memory::of("2026-10-01");
    call(&server, &mut place, Patience::default()).0.unwrap();
    drop(server);
    let server = Server::start(knobs(), portal());
    let gone = call(&server, &mut place, Patience::default()).0.unwrap_err();
    assert!(gone.error.to_string().contains("has no resource"), "{}", gone.error);
    assert_eq!(server.portal().resources.len(), 1);
}

#[test]
fn without_its_state_nothing_is_created_twice() {
    let server = Server::start(knobs(), portal());
    let mut first = Memory::of("2026-10-01");
    call(&server, &mut first, Patience::default()).0.unwrap();
    // The same files are known by their checksums.
    let mut again = Memory::of("2026-10-01");
    call(&server, &mut again, Patience::default()).0.unwrap();
    assert_eq!(again.ids(), first.ids());
    // Others are not, and the operator is told which resource to declare.
    let mut other = Memory::of("2026-11-01");
    let refused = call(&server, &mut other, Patience::default()).0.unwrap_err().error.to_string();
    let id = &first.ids()["SHA256SUMS"];
    assert!(refused.contains(id) && refused.contains("`SHA256SUMS`"), "{refused}");
    assert_eq!(server.portal().resources.len(), 5);
}

#[test]
fn the_release_and_the_declaration_say_the_same() {
    let server = Server::start(knobs(), portal());
    let mut more = Memory::of("2026-10-01");
    more.files.insert("new.csv".to_owned(), b"a\n1\n".to_vec());
    let refused = call(&server, &mut more, Patience::default()).0.unwrap_err().error.to_string();
    assert!(refused.ends_with("neither a `resource` nor `left_out`: new.csv"), "{refused}");
    let mut less = Memory::of("2026-10-01");
    less.files.remove("notes.txt");
    let refused = call(&server, &mut less, Patience::default()).0.unwrap_err().error.to_string();
    assert!(refused.contains("has no `notes.txt`"), "{refused}");
    let mut empty = Memory::of("2026-10-01");
    empty.files.insert("notes.txt".to_owned(), Vec::new());
    let refused = call(&server, &mut empty, Patience::default()).0.unwrap_err().error.to_string();
    assert!(refused.contains("`notes.txt` is empty"), "{refused}");
    assert!(server.seen().iter().all(|request| request.method == "GET"));
    assert_eq!(declared().portal.unwrap().dataset.as_deref(), Some(DATASET));
}

#[test]
fn tables_that_the_portal_cannot_make_are_told() {
    let server = Server::start(knobs(), portal());
    server.turn(|knobs| {
        knobs.unreadable.insert("par-region.csv".to_owned());
    });
    let mut place = Memory::of("2026-10-01");
    let stopped = call(&server, &mut place, Patience::default()).0.unwrap_err();
    let told = stopped.error.to_string();
    assert!(told.ends_with("`par_region.csv` (no table in it)"), "{told}");
    assert_eq!((stopped.shown.len(), stopped.hidden.len()), (4, 0));
    // It stays wrong until there is another file.
    let again = call(&server, &mut place, Patience::default()).0.unwrap_err();
    assert_eq!(again.error.to_string(), told);
    server.turn(|knobs| knobs.unreadable.clear());
    let mut second = place.then("2026-11-01");
    call(&server, &mut second, Patience::default()).0.unwrap();
    expect_whole(&server, &second);
}

#[test]
fn tables_that_take_long_are_looked_for_again() {
    let server = Server::start(knobs(), {
        let mut slow = portal();
        slow.looks = Some(9);
        slow
    });
    let mut place = Memory::of("2026-10-01");
    let (done, waits) = call(&server, &mut place, Patience::default());
    assert_eq!(done.unwrap().unparsed, ["par_region.csv", "par_region.parquet"]);
    assert_eq!(waits.iter().map(std::time::Duration::as_secs).sum::<u64>(), 120);
    let (done, _) = call(&server, &mut place, Patience::default());
    assert!(done.unwrap().unparsed.is_empty());
    // The old table is no answer for the new file.
    let mut second = place.then("2026-11-01");
    let (done, _) = call(&server, &mut second, Patience::default());
    assert_eq!(done.unwrap().unparsed, ["par_region.csv", "par_region.parquet"]);
}
