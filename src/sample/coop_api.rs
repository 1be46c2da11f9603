//! Activities, users and structures become pages of the Coop's interface, as they were saved.

use std::io;

use crate::sample::coop::write_attributes;
use crate::sample::coop_directory::{
    IMPORTED_MS, User, address, association_number, programmes, structures, typologies, users,
};
use crate::sample::coop_record::{CoopRecord, records};
use crate::sample::days::iso_instant;
use crate::sample::employers::Employer;
use crate::sample::lines::JsonLine;
use crate::sample::quirks::Quirk;
use crate::sample::words;
use crate::sample::world::World;
use crate::sample::{FileSummary, Output, Portion};

const HOST: &str = "https://coop.exemple.invalid";
/// Items of a page; fewer in an extract, so that there are several pages.
const PAGE_ITEMS: usize = 500;
const EXTRACT_PAGE_ITEMS: usize = 40;

/// One resource of a page.
#[derive(Clone)]
struct Item {
    id: String,
    json: String,
    quirks: Vec<Quirk>,
}

/// How one route is paged.
struct Route {
    name: &'static str,
    page_items: usize,
    items: u64,
    /// Whether each page starts with the last item of the one before, as happens when items move
    /// while they are read.
    has_repeats: bool,
}

/// Writes the pages of the three routes.
pub(crate) fn write(
    world: &World<'_>,
    portion: Portion,
    output: &mut Output<'_, '_>,
) -> io::Result<()> {
    let page_items = if portion.is_extract { EXTRACT_PAGE_ITEMS } else { PAGE_ITEMS };
    let activities = Route {
        name: "activites",
        page_items,
        items: portion.rows,
        has_repeats: portion.is_extract,
    };
    write_pages(output, &activities, records(world, portion).map(|record| activity(&record)))?;
    let whole = |name: &'static str, count: usize| Route {
        name,
        page_items: PAGE_ITEMS,
        items: u64::try_from(count).unwrap_or(u64::MAX),
        has_repeats: false,
    };
    let route = whole("utilisateurs", world.advisers.all().len());
    write_pages(output, &route, users(world).map(|of| user(&of)))?;
    let route = whole("structures", world.known_to_coop.len());
    write_pages(output, &route, structures(world).map(|(id, employer)| structure(id, employer)))
}

fn write_pages(
    output: &mut Output<'_, '_>,
    route: &Route,
    items: impl Iterator<Item = Item>,
) -> io::Result<()> {
    let mut items = items.peekable();
    let mut before: Option<Item> = None;
    for number in 1_u64.. {
        let after = before.as_ref().map(|item| item.id.clone());
        let mut page: Vec<Item> = before.take().filter(|_| route.has_repeats).into_iter().collect();
        let repeated = page.len();
        while page.len() < route.page_items
            && let Some(item) = items.next()
        {
            page.push(item);
        }
        let is_last = items.peek().is_none();
        let file = format!("coop_api_{}_{number:04}.json", route.name);
        output.file(&file, |out| {
            let mut summary = FileSummary::new(file.as_str());
            out.write_all(b"{\"data\":[")?;
            for (rank, item) in page.iter().enumerate() {
                out.write_all(if rank == 0 { b"" } else { b"," })?;
                out.write_all(item.json.as_bytes())?;
                summary.rows += 1;
                item.quirks.iter().for_each(|quirk| summary.count(*quirk));
                summary.count_if(rank < repeated, Quirk::RepeatedRow);
            }
            let tail = tail(route, &page, (number, is_last), after.as_deref());
            writeln!(out, "],{}", tail.trim_start_matches('{'))?;
            Ok(summary)
        })?;
        if is_last {
            break;
        }
        before = page.pop();
    }
    Ok(())
}

/// Writes the links and counts that follow the items of a page.
fn tail(
    route: &Route,
    page: &[Item],
    (number, is_last): (u64, bool),
    after: Option<&str>,
) -> String {
    let base = format!("{HOST}/api/v1/{}?page[size]={}", route.name, route.page_items);
    let at = |side: &str, id: &str| format!("{base}&page[{side}]={id}");
    let id_of = |item: Option<&Item>| item.map_or("", |item| item.id.as_str()).to_owned();
    let here = after.map_or_else(|| base.clone(), |id| at("after", id));
    let next = (!is_last).then(|| at("after", &id_of(page.last())));
    let previous = (number > 1).then(|| at("before", &id_of(page.first())));
    let mut line = JsonLine::new();
    line.start();
    line.open("links");
    for (key, link) in [("self", Some(here)), ("next", next), ("prev", previous)] {
        let Some(link) = link else {
            line.text(key, None);
            continue;
        };
        line.open(key);
        line.text("href", Some(&link));
        line.close();
    }
    line.close();
    line.open("meta");
    line.bare("total_count", &route.items);
    line.bare("items_per_page", &route.page_items);
    line.bare("total_pages", &route.pages());
    line.bare("has_next_page", &!is_last);
    line.bare("has_prev_page", &(number > 1));
    line.close();
    line.object().to_owned()
}

impl Route {
    /// Counts the pages: one at least, even without items.
    fn pages(&self) -> u64 {
        let size = u64::try_from(self.page_items).unwrap_or(1);
        let new_items = size - u64::from(self.has_repeats);
        1 + self.items.saturating_sub(size).div_ceil(new_items.max(1))
    }
}

/// Writes a resource: its kind, its identifier and its attributes.
fn item(kind: &str, id: &str, quirks: Vec<Quirk>, write: impl FnOnce(&mut JsonLine)) -> Item {
    let mut line = JsonLine::new();
    line.start();
    line.text("type", Some(kind));
    line.text("id", Some(id));
    line.open("attributes");
    write(&mut line);
    line.close();
    Item { id: id.to_owned(), json: line.object().to_owned(), quirks }
}

fn activity(record: &CoopRecord<'_>) -> Item {
    item("activite", &record.id, record.quirks(), |line| write_attributes(line, record))
}

fn user(user: &User<'_>) -> Item {
    let created = iso_instant(IMPORTED_MS);
    let person = &user.person;
    item("utilisateur", &user.adviser.user_id, vec![Quirk::PersonalText], |line| {
        line.text("email", Some(person.email));
        line.text("prenom", Some(person.first_name));
        line.text("nom", Some(person.last_name));
        line.text("telephone", Some(person.phone));
        line.text("inscription_validee", Some(&created));
        line.text("creation", Some(&created));
        line.text("modification", Some(&created));
        line.text("suppression", user.deleted_ms.map(iso_instant).as_deref());
        line.bare("dataspace_id", &(40_000 + user.number));
        line.open_list("emplois");
        for employment in &user.employments {
            line.open_item();
            line.text("id", Some(&employment.id));
            line.text("structure_id", Some(employment.structure_id));
            line.text("debut", Some(&iso_instant(employment.start_ms)));
            line.text("fin", employment.end_ms.map(iso_instant).as_deref());
            line.text("creation", Some(&created));
            line.text("modification", Some(&created));
            line.text("suppression", None);
            line.close();
        }
        line.close_list();
        line.open("mediateur");
        line.text("id", Some(&user.adviser.mediator_id));
        line.list::<&str>("en_activite", &[]);
        line.list::<&str>("coordinations", &[]);
        line.close();
        line.text("coordinateur", None);
        line.open("conseiller_numerique");
        line.bare("is_conseiller_numerique", &user.is_in_programme);
        if user.is_in_programme {
            line.bare("id_pg", &(1000 + user.number));
        } else {
            line.text("id_pg", None);
        }
        line.close();
    })
}

fn structure(id: &str, employer: &Employer) -> Item {
    let created = iso_instant(IMPORTED_MS);
    item("structure", id, employer.quirk.into_iter().collect(), |line| {
        match employer.legacy_id {
            Some(_) => line.bare("id_pg", &(employer.number + 1)),
            None => line.text("id_pg", None),
        }
        line.text("structure_cartographie_nationale_id", None);
        line.text("creation", Some(&created));
        line.text("modification", Some(&created));
        line.text("suppression", None);
        line.text("nom", Some(&employer.name));
        line.text("adresse", Some(&address(employer)));
        line.text("commune", Some(&words::commune_name(&employer.commune_code)));
        line.text("code_postal", Some(&employer.postal_code));
        line.text("code_insee", Some(&employer.commune_code));
        for key in ["complement_adresse", "latitude", "longitude"] {
            line.text(key, None);
        }
        line.text("siret", Some(&employer.siret));
        line.text("rna", association_number(employer).as_deref());
        line.bare("visible_pour_cartographie_nationale", &false);
        line.list("typologies", &typologies(employer));
        line.list("dispositif_programmes_nationaux", programmes(employer));
        line.bare("mediateurs_en_activite", &(employer.posts / 2));
        line.bare("emplois", &employer.posts);
    })
}
