//! Sums of each month are put away with the texts their codes stand for, and taken out again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::aggregate::cube::Cut;
use crate::column::{Dictionary, NO_TEXT, Texts, bits};
use crate::error::{Error, Result};
use crate::run::dataset::clean::Coding;
use crate::run::dataset::tables::{Cubes, Tables};

/// What the dictionary of the parts of split texts is called; no column has no name.
pub(super) const PARTS: &str = "";

/// What the codes of a cube stand for: the names of dictionaries, [`PARTS`] among them, and none
/// for a period.
#[derive(Debug)]
pub(super) struct Shape<'d> {
    /// Of each dimension.
    pub(super) dimensions: Vec<Option<&'d str>>,
    /// Of each distinct count.
    pub(super) distinct: Vec<&'d str>,
}

/// Code → other code, by dictionary.
type Codes<'d> = BTreeMap<&'d str, Vec<u32>>;

/// Texts, by dictionary: the first has the code 1.
pub type Named = BTreeMap<String, Vec<String>>;

fn dictionary<'t>(
    name: &str,
    tables: &'t Tables<'_>,
    coding: &'t Coding<'_>,
) -> Result<MutexGuard<'t, Dictionary>> {
    let found: Option<&Mutex<Dictionary>> =
        if name == PARTS { Some(tables.parts()) } else { coding.texts(name) };
    let found = found.ok_or_else(|| Error::internal(format!("`{name}` has texts")))?;
    Ok(found.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Sums that were put away, month by month, with the codes of today.
///
/// # Errors
/// When a dimension has no texts.
pub fn take_out<'k>(
    months: impl Iterator<Item = &'k mut Vec<Cut>>,
    texts: &Named,
    (tables, coding): (&Tables<'_>, &Coding<'_>),
) -> Result<Vec<Cubes>> {
    let shapes = tables.shapes();
    let mut codes = Codes::new();
    for name in names(&shapes) {
        let mut dictionary = dictionary(name, tables, coding)?;
        let known = texts.get(name).map_or(&[][..], Vec::as_slice);
        let of_today = known.iter().map(|text| dictionary.code(text));
        codes.insert(name, std::iter::once(NO_TEXT).chain(of_today).collect());
    }
    let of_month = |cuts: &mut Vec<Cut>| {
        let mut cubes = tables.nothing();
        for ((cube, cut), shape) in cubes.iter_mut().zip(std::mem::take(cuts)).zip(&shapes) {
            cube.add_cut(recoded(cut, shape, &codes));
        }
        cubes
    };
    Ok(months.map(of_month).collect())
}

/// Puts sums away, month by month, with the texts that their codes stand for, in order: what is
/// put away depends on the sums alone.
///
/// # Errors
/// When a dimension has no texts.
pub fn put_away<'c>(
    months: impl Iterator<Item = &'c Cubes>,
    (tables, coding): (&Tables<'_>, &Coding<'_>),
) -> Result<(Vec<Vec<Cut>>, Named)> {
    let shapes = tables.shapes();
    let months: Vec<Vec<Cut>> =
        months.map(|cubes| cubes.iter().map(crate::aggregate::cube::Cube::cut).collect()).collect();
    let mut used: BTreeMap<&str, Vec<u64>> =
        names(&shapes).map(|name| (name, Vec::new())).collect();
    for (cut, shape) in months.iter().flat_map(|cuts| cuts.iter().zip(&shapes)) {
        mark(cut, shape, &mut used);
    }
    let (mut texts, mut codes) = (Named::new(), Codes::new());
    for (name, bits) in used {
        let dictionary = dictionary(name, tables, coding)?;
        let mut known: Vec<(&str, u32)> =
            bits::codes(&bits).map(|code| (dictionary.text(code), code)).collect();
        known.sort_unstable();
        let mut of_name = vec![NO_TEXT; Texts::len(&*dictionary)];
        for ((_, code), new) in known.iter().zip(1..) {
            put(&mut of_name, *code, new);
        }
        texts.insert(name.to_owned(), known.iter().map(|(text, _)| (*text).to_owned()).collect());
        codes.insert(name, of_name);
    }
    let of_month = |cuts: Vec<Cut>| {
        let cuts = cuts.into_iter().zip(&shapes);
        cuts.map(|(cut, shape)| recoded(cut, shape, &codes)).collect()
    };
    Ok((months.into_iter().map(of_month).collect(), texts))
}

fn names<'d>(shapes: &[Shape<'d>]) -> impl Iterator<Item = &'d str> {
    let mut names: Vec<&str> = shapes
        .iter()
        .flat_map(|shape| shape.dimensions.iter().flatten().chain(&shape.distinct))
        .copied()
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter()
}

/// Marks the codes of each dictionary that a cube has.
fn mark<'d>(cut: &Cut, shape: &Shape<'d>, used: &mut BTreeMap<&'d str, Vec<u64>>) {
    let dimensions = shape.dimensions.iter().cycle();
    for (code, name) in cut.keys.iter().zip(dimensions).filter(|(code, _)| **code != NO_TEXT) {
        if let Some(bits) = name.and_then(|name| used.get_mut(name)) {
            bits::set(bits, *code);
        }
    }
    for (bits, name) in cut.bits.iter().zip(shape.distinct.iter().cycle()) {
        if let Some(all) = used.get_mut(name) {
            bits::join(all, bits);
        }
    }
}

fn recoded(mut cut: Cut, shape: &Shape<'_>, codes: &Codes<'_>) -> Cut {
    let to = |codes: &[u32], code: u32| {
        let place = usize::try_from(code).unwrap_or_default();
        codes.get(place).copied().unwrap_or(NO_TEXT)
    };
    for (code, name) in cut.keys.iter_mut().zip(shape.dimensions.iter().cycle()) {
        if let Some(codes) = name.and_then(|name| codes.get(name)) {
            *code = to(codes, *code);
        }
    }
    for (bits, name) in cut.bits.iter_mut().zip(shape.distinct.iter().cycle()) {
        let Some(codes) = codes.get(name) else { continue };
        if codes.iter().zip(0_u32..).all(|(to, from)| *to == from) {
            continue;
        }
        let mut recoded = Vec::with_capacity(bits.len());
        for code in bits::codes(bits) {
            bits::set(&mut recoded, to(codes, code));
        }
        *bits = recoded;
    }
    cut
}

fn put(codes: &mut [u32], code: u32, to: u32) {
    if let Some(slot) = usize::try_from(code).ok().and_then(|code| codes.get_mut(code)) {
        *slot = to;
    }
}
