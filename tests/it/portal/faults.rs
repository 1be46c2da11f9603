//! What is said of each way a portal can fail, and what it leaves.

use std::time::Duration;

use conum::deliver::http::{Client, Limits};
use conum::fetch::{Error, Patience, Token};

use crate::portal::server::{Fault, Server};
use crate::portal::support::{Memory, SECRET, call, expect_whole, knobs, once, portal};

/// The first part of a file meets a fault each time.
fn first_part(fault: &Fault) -> (Error, usize, Vec<Duration>) {
    let server = Server::start(knobs(), portal());
    server.turn(|knobs| knobs.faults = (3..20).map(|number| (number, fault.clone())).collect());
    let mut place = Memory::of("2026-10-01");
    let (done, waits) = call(&server, &mut place, Patience::default());
    let stopped = done.unwrap_err();
    // Whatever happens there, readers see nothing of it.
    assert_eq!((server.portal().resources.len(), stopped.shown.len()), (1, 0));
    assert_eq!(stopped.hidden.len(), 4);
    let attempts = server.seen().iter().filter(|seen| seen.method == "POST").count();
    server.turn(|knobs| knobs.faults.clear());
    call(&server, &mut place, Patience::default()).0.unwrap();
    expect_whole(&server, &place);
    (stopped.error, attempts, waits)
}

#[test]
fn every_status_has_its_outcome_and_only_passing_ones_are_tried_again() {
    for (status, kind, attempts, words) in [
        (400, "unexpected", 1, "HTTP 400"),
        (401, "refused", 1, "does not know the token"),
        (403, "refused", 1, "may not change this dataset"),
        (404, "refused", 1, "are the identifiers right?"),
        (410, "refused", 1, "are the identifiers right?"),
        (413, "unexpected", 1, "no file of that size"),
        (415, "unexpected", 1, "declare another name with `as`"),
        (429, "unavailable", 5, "HTTP 429, after 5 attempts"),
        (500, "unavailable", 5, "HTTP 500, after 5 attempts"),
        (502, "unavailable", 5, "HTTP 502, after 5 attempts"),
        (503, "unavailable", 5, "HTTP 503, after 5 attempts"),
    ] {
        let (error, tried, _) = first_part(&Fault::Status(status));
        let found = match &error {
            Error::Unavailable(_) => "unavailable",
            Error::Refused(_) => "refused",
            Error::Unexpected(_) => "unexpected",
            Error::Save(_) => "save",
        };
        assert_eq!((found, tried), (kind, attempts), "{status}");
        let told = error.to_string();
        assert!(told.contains(words), "{told}");
        assert!(told.starts_with("cannot send part 1 of 3 of `par_region.csv`: "), "{told}");
    }
}

#[test]
fn a_server_that_says_when_to_come_back_is_believed() {
    let (_, tried, waits) = first_part(&Fault::RetryAfter(429, 7));
    assert_eq!((tried, waits), (5, vec![Duration::from_secs(7); 4]));
    let (error, tried, _) = first_part(&Fault::RetryAfter(503, 3600));
    assert_eq!(tried, 1);
    assert!(error.to_string().ends_with("asks to come back in 3600 s"), "{error}");
}

#[test]
fn connections_that_break_and_pages_of_others_are_tried_again() {
    for fault in [Fault::Close, Fault::DoneAndClosed, Fault::Cut, Fault::Stall, Fault::Page] {
        let (error, tried, _) = first_part(&fault);
        assert!(matches!(error, Error::Unavailable(_)), "{fault:?}: {error}");
        assert_eq!(tried, 5, "{fault:?}");
    }
}

#[test]
fn what_the_server_says_is_repeated_without_the_token() {
    let fault = Fault::Says(400, format!("the key {SECRET} is odd"));
    let (error, ..) = first_part(&fault);
    assert!(error.to_string().ends_with("HTTP 400: the key … is odd"), "{error}");
}

#[test]
fn a_redirect_does_not_get_the_token() {
    let other = Server::start(knobs(), portal());
    let (error, ..) = first_part(&Fault::Redirect(other.url()));
    assert!(matches!(error, Error::Refused(_)), "{error}");
    assert!(other.seen().is_empty());
}

#[test]
fn nothing_goes_where_others_can_read_it() {
    for url in ["http://portal.example/api/1", "ftp://127.0.0.1/", "portal", "https://a:b@c/"] {
        let token = Token::new(SECRET).unwrap();
        let refused = Client::new(url, token, Limits::default(), None).unwrap_err();
        assert!(matches!(refused, Error::Refused(_)), "{url}");
    }
    let server = Server::start(knobs(), portal());
    server.turn(|knobs| knobs.downloads = Some("http://files.example/a".to_owned()));
    let mut place = Memory::of("2026-10-01");
    let stopped = call(&server, &mut place, once()).0.unwrap_err();
    let told = stopped.error.to_string();
    assert!(told.contains("an address of the portal is not `https`"), "{told}");
}

#[test]
fn a_wrong_checksum_is_sent_once_more() {
    let server = Server::start(knobs(), portal());
    let mut place = Memory::of("2026-10-01");
    call(&server, &mut place, once()).0.unwrap();
    let mut second = place.then("2026-11-01");
    // Two looks, eleven parts, a look, and then the first file is put together.
    let parts = server.seen().iter().filter(|seen| seen.method == "POST").count() - 4;
    server.turn(|knobs| drop(knobs.faults.insert(parts + 4, Fault::Corrupt)));
    call(&server, &mut second, once()).0.unwrap();
    expect_whole(&server, &second);
    let posts = server.seen().iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(posts, parts + 4 + 4);
}

#[test]
fn a_checksum_that_stays_wrong_ends_the_call() {
    for is_first in [true, false] {
        let server = Server::start(knobs(), portal());
        let mut place = Memory::of("2026-10-01");
        if !is_first {
            call(&server, &mut place, once()).0.unwrap();
            place = place.then("2026-11-01");
        }
        server.turn(|knobs| knobs.is_corrupt = true);
        let stopped = call(&server, &mut place, once()).0.unwrap_err();
        assert!(matches!(stopped.error, Error::Unexpected(_)), "{}", stopped.error);
        assert!(stopped.error.to_string().contains("SHA-1 or length differ"));
        assert_eq!((stopped.shown.len(), stopped.hidden.len()), (0, 4));
        server.turn(|knobs| knobs.is_corrupt = false);
        call(&server, &mut place, once()).0.unwrap();
        expect_whole(&server, &place);
        assert_eq!(server.portal().resources.len(), 5);
    }
}

#[test]
fn readers_who_get_other_bytes_are_noticed() {
    let server = Server::start(knobs(), portal());
    server.turn(|knobs| knobs.serves_other_bytes = true);
    let mut place = Memory::of("2026-10-01");
    let stopped = call(&server, &mut place, once()).0.unwrap_err();
    assert!(matches!(stopped.error, Error::Unexpected(_)));
    assert!(stopped.error.to_string().contains("readers get"), "{}", stopped.error);
    assert_eq!(place.state().release, None);
    server.turn(|knobs| knobs.serves_other_bytes = false);
    call(&server, &mut place, once()).0.unwrap();
    expect_whole(&server, &place);
}
