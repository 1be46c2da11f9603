//! A publication that stops anywhere, and goes on.

use std::sync::OnceLock;

use conum::fetch::Patience;

use crate::portal::server::{Fault, Portal, Server};
use crate::portal::support::{Memory, call, call_at, expect_whole, knobs, once, portal};

fn faults() -> Vec<Fault> {
    vec![
        Fault::Status(400),
        Fault::Status(401),
        Fault::Status(404),
        Fault::Status(413),
        Fault::Status(415),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Status(502),
        Fault::Close,
        Fault::DoneAndClosed,
        Fault::Cut,
        Fault::Corrupt,
        Fault::Page,
    ]
}

/// One of each kind.
fn few() -> Vec<Fault> {
    let statuses = [Fault::Status(401), Fault::Status(502)];
    [Fault::DoneAndClosed, Fault::Cut, Fault::Corrupt].into_iter().chain(statuses).collect()
}

/// A portal that has a release, or not, and what is to be published there.
fn scene(is_first: bool) -> (Server, Memory) {
    static NEXT: OnceLock<(Portal, Memory)> = OnceLock::new();
    if is_first {
        return (Server::start(knobs(), portal()), Memory::small("2026-10-01"));
    }
    let (portal, place) = NEXT.get_or_init(|| {
        let server = Server::start(knobs(), portal());
        let mut place = Memory::small("2026-10-01");
        call(&server, &mut place, once()).0.unwrap();
        (server.portal(), place.then("2026-11-01"))
    });
    (Server::start(knobs(), portal.clone()), place.clone())
}

/// Files that readers see of a release.
fn seen_of(portal: &Portal, place: &Memory) -> Vec<String> {
    let is_seen = |bytes: &Vec<u8>| portal.resources.iter().any(|stored| stored.bytes == *bytes);
    let mut seen: Vec<String> = place
        .files
        .iter()
        .filter(|(_, bytes)| is_seen(bytes))
        .map(|(name, _)| name.clone())
        .collect();
    seen.sort();
    seen
}

fn requests(is_first: bool) -> usize {
    let (server, mut place) = scene(is_first);
    call(&server, &mut place, once()).0.unwrap();
    server.seen().len()
}

#[test]
fn every_fault_at_every_request_of_a_first_release_is_gone_on_from() {
    every_fault_at_every_request(true, &few());
}

#[test]
fn every_fault_at_every_request_of_a_next_release_is_gone_on_from() {
    every_fault_at_every_request(false, &faults());
}

fn every_fault_at_every_request(is_first: bool, faults: &[Fault]) {
    let count = requests(is_first);
    assert!(count > 20, "{count}");
    for number in 1..=count {
        for fault in faults {
            let (server, mut place) = scene(is_first);
            let ids = place.ids();
            server.turn(|knobs| drop(knobs.faults.insert(number, fault.clone())));
            if let Err(stopped) = call(&server, &mut place, once()).0 {
                let mut shown = stopped.shown;
                shown.sort();
                let seen = seen_of(&server.portal(), &place);
                assert_eq!(shown, seen, "{fault:?} at {number}");
            }
            server.turn(|knobs| knobs.faults.clear());
            call(&server, &mut place, once()).0.unwrap();
            expect_whole(&server, &place);
            assert_eq!(server.portal().resources.len(), 4, "{fault:?} at {number}");
            let kept = place.ids();
            assert!(ids.iter().all(|(file, id)| kept[file] == *id), "{fault:?} at {number}");
        }
    }
}

#[test]
fn passing_faults_at_every_request_are_outlived() {
    for is_first in [true, false] {
        for number in 1..=requests(is_first) {
            for fault in [Fault::Status(502), Fault::DoneAndClosed, Fault::Cut, Fault::Page] {
                let (server, mut place) = scene(is_first);
                server.turn(|knobs| drop(knobs.faults.insert(number, fault)));
                call(&server, &mut place, Patience::default()).0.unwrap();
                expect_whole(&server, &place);
                assert_eq!(server.portal().resources.len(), 4);
            }
        }
    }
}

#[test]
fn slow_answers_are_outlived() {
    let count = requests(true);
    for number in (1..=count).step_by(5).chain([count]) {
        let (server, mut place) = scene(true);
        server.turn(|knobs| drop(knobs.faults.insert(number, Fault::Stall)));
        call(&server, &mut place, Patience::default()).0.unwrap();
        expect_whole(&server, &place);
        assert_eq!(server.portal().resources.len(), 4);
    }
}

#[test]
fn a_process_that_ends_between_two_steps_is_gone_on_from() {
    for is_first in [true, false] {
        for saves in 0.. {
            let (server, mut place) = scene(is_first);
            let ids = place.ids();
            place.saves_left = Some(saves);
            let is_done = call(&server, &mut place, once()).0.is_ok();
            place.saves_left = None;
            call(&server, &mut place, once()).0.unwrap();
            expect_whole(&server, &place);
            assert_eq!(server.portal().resources.len(), 4, "after {saves} saves");
            assert!(is_first || place.ids() == ids);
            if is_done {
                assert!(saves > 20);
                break;
            }
        }
    }
}

/// Numbers of the parts that were sent, by file.
fn parts(server: &Server) -> Vec<(String, String)> {
    let posts = server.seen().into_iter().filter(|request| request.method == "POST");
    let forms = posts.map(|request| request.form());
    let sent = forms.filter(|(_, file)| file.is_some());
    sent.map(|(fields, _)| (fields["filename"].clone(), fields["partindex"].clone())).collect()
}

#[test]
fn an_upload_goes_on_at_its_part() {
    let (server, mut place) = scene(true);
    call(&server, &mut place, once()).0.unwrap();
    let all = parts(&server);
    for stop in 0..all.len() {
        let (server, mut place) = scene(true);
        server.turn(|knobs| drop(knobs.faults.insert(3 + stop, Fault::Status(502))));
        call(&server, &mut place, once()).0.unwrap_err();
        server.turn(|knobs| knobs.faults.clear());
        call(&server, &mut place, once()).0.unwrap();
        assert_eq!(parts(&server), all[stop..]);
    }
}

#[test]
fn parts_that_the_portal_has_thrown_away_are_sent_again() {
    let (server, mut place) = scene(true);
    server.turn(|knobs| drop(knobs.faults.insert(9, Fault::Status(502))));
    call_at(&server, &mut place, (once(), "2026-11-26T05:00:00Z")).0.unwrap_err();
    server.turn(|knobs| knobs.faults.clear());
    call_at(&server, &mut place, (once(), "2026-11-27T05:00:00Z")).0.unwrap();
    assert_eq!(parts(&server)[0].1, "0");
    expect_whole(&server, &place);
}

#[test]
fn another_release_takes_over_what_an_earlier_one_left_half_done() {
    let count = requests(false);
    for number in 1..=count {
        for fault in [Fault::Status(500), Fault::DoneAndClosed] {
            for is_first in [true, false] {
                let (server, mut place) = scene(is_first);
                server.turn(|knobs| drop(knobs.faults.insert(number, fault.clone())));
                call(&server, &mut place, once()).0.ok();
                server.turn(|knobs| knobs.faults.clear());
                let mut next = place.then("2026-12-01");
                call(&server, &mut next, once()).0.unwrap();
                expect_whole(&server, &next);
                assert_eq!(server.portal().resources.len(), 4, "{fault:?} at {number}");
            }
        }
    }
}
