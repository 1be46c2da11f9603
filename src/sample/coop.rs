//! Activities become the Coop's export: one JSON object a line, some copied from the archive.

use std::io::{self, Write};

use crate::sample::coop_record::{CoopRecord, records};
use crate::sample::coop_values::{AGES, GENDERS, STATUSES};
use crate::sample::days::iso_instant;
use crate::sample::lines::JsonLine;
use crate::sample::world::World;
use crate::sample::{FileSummary, Portion};

/// Name of the file.
pub(crate) const FILE: &str = "coop_activites.jsonl";

/// Writes the export.
pub(crate) fn write(
    world: &World<'_>,
    portion: Portion,
    out: &mut dyn Write,
) -> io::Result<FileSummary> {
    let mut summary = FileSummary::new(FILE);
    let mut line = JsonLine::new();
    for record in records(world, portion) {
        line.start();
        line.text("id", Some(&record.id));
        write_attributes(&mut line, &record);
        if !record.is_cut() {
            line.text("structure_employeuse_id", record.employer_id.as_deref());
            line.text("v1_cra_id", record.copied_id.as_deref());
        }
        out.write_all(line.end())?;
        record.count_in(&mut summary);
    }
    Ok(summary)
}

/// Writes the members the Coop's own interface gives of an activity.
pub(crate) fn write_attributes(line: &mut JsonLine, record: &CoopRecord<'_>) {
    let activity = &record.activity;
    line.text("type", Some(record.kind()));
    line.text("mediateur_id", Some(&activity.adviser.mediator_id));
    line.text("user_id", Some(&activity.adviser.user_id));
    if record.is_cut() {
        return;
    }
    line.bare("accompagnements", &activity.participants_text());
    line.text("date", Some(&record.date_text()));
    line.bare("duree", &record.minutes);
    line.text("type_lieu", Some(record.place.kind));
    line.text("structure_id", record.place.structure_id());
    let commune = record.place.commune.as_ref();
    line.text("lieu_code_postal", commune.and_then(|commune| commune.postal_code.as_deref()));
    line.text("lieu_commune", commune.map(|commune| commune.name.as_str()));
    line.text("lieu_code_insee", commune.and_then(|commune| commune.code.as_deref()));
    line.text("creation", Some(&iso_instant(activity.created_ms)));
    line.text("modification", Some(&iso_instant(record.modified_ms)));
    line.text("suppression", record.deleted_ms.map(iso_instant).as_deref());
    let content = &record.content;
    line.text("autonomie", content.autonomy);
    line.bare("oriente_vers_structure", &content.redirection.is_some());
    line.text("structure_de_redirection", content.redirection);
    line.list("materiel", &content.equipment);
    line.list("thematiques", &content.themes);
    line.list("tags", &content.tags());
    line.text("precisions_demarche", content.process_text());
    line.text("titre_atelier", content.title_text());
    line.text("niveau_atelier", content.level);
    line.open("beneficiaires");
    line.bare("total", &record.people.total);
    line.counts("genres", GENDERS, &record.people.genders);
    line.counts("tranches_age", AGES, &record.people.ages);
    line.counts("statuts", STATUSES, &record.people.statuses);
    line.close();
}
