//! The text of one record becomes the cells of one row, or of several.

use std::borrow::Cow;

use serde_json::Value;

use crate::definition::source::Syntax;
use crate::ingest::cell::Cell;
use crate::ingest::fields::{self, Field};
use crate::ingest::plan::{Cut, Place, Plan, Step, column_index};
use crate::ingest::value::{self, Misshapen, Object};
use crate::ingest::{edn, loose};
use crate::vocabulary::reject::reasons;
use crate::vocabulary::{columns, flags};

/// What one task reuses from record to record.
pub(super) struct Scratch {
    fields: Vec<Field>,
    /// One cell a column of the staged table.
    pub(super) cells: Vec<Cell>,
    /// The text of the cells.
    pub(super) text: String,
    /// Flags of the record.
    pub(super) flags: Vec<&'static str>,
    participants: Option<usize>,
    /// Where a structure is named, best first.
    structures: Vec<usize>,
}

impl Scratch {
    /// Working memory for one task.
    pub(super) fn new(plan: &Plan<'_>) -> Self {
        Self {
            fields: Vec::with_capacity(plan.field_count()),
            cells: vec![Cell::Null; plan.table.columns.len()],
            text: String::new(),
            flags: Vec::new(),
            participants: column_index(plan.table, columns::NB_PARTICIPANTS.name),
            structures: column_index(plan.table, columns::STRUCTURE_ID.name)
                .into_iter()
                .chain(column_index(plan.table, columns::SIRET.name))
                .collect(),
        }
    }

    /// Participants of the record last read, 0 when they could not be read.
    pub(super) fn participants(&self) -> i64 {
        match self.participants.and_then(|column| self.cells.get(column)) {
            Some(Cell::Number(number)) => *number,
            _ => 0,
        }
    }

    /// The structure that the record last read names: its identifier, or its SIRET where there is
    /// nothing else, as in clean files. What is no identifier is not told.
    pub(super) fn structure(&self) -> Option<String> {
        let mut cells = self.structures.iter().filter_map(|column| self.cells.get(*column));
        cells.find_map(|cell| match cell {
            Cell::Text(start, end) => self.text.get(*start..*end).map(str::to_owned),
            Cell::Null | Cell::Number(_) => None,
        })
    }

    fn clear(&mut self) {
        self.text.clear();
        self.flags.clear();
        self.cells.fill(Cell::Null);
    }
}

/// Why a record was refused: all reasons, and where in it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The primary one first.
    pub(super) reasons: Vec<String>,
    /// The element of its list.
    pub(super) element: Option<usize>,
}

impl Refusal {
    fn of(reason: &str) -> Self {
        Self { reasons: vec![reason.to_owned()], element: None }
    }

    /// Whether the record was refused for its shape alone.
    pub(super) fn is_of_shape(&self) -> bool {
        let shapes = [reasons::FIELD_COUNT, reasons::QUOTES, reasons::JSON, reasons::NESTED];
        self.reasons.iter().all(|reason| shapes.contains(&reason.as_str()))
    }
}

/// Takes a row that lies in the scratch, or the reason why there is none.
pub(super) type See<'s, E> = dyn FnMut(&mut Scratch, Result<(), Refusal>) -> Result<(), E> + 's;

/// A record cut into its parts.
struct Parts<'r> {
    text: &'r str,
    fields: &'r [Field],
    /// Values of the nested fields.
    nested: &'r [Value],
    object: &'r Value,
    element: &'r Value,
}

impl<'r> Parts<'r> {
    fn of_fields(text: &'r str, fields: &'r [Field], nested: &'r [Value]) -> Self {
        Self { text, fields, nested, object: &Value::Null, element: &Value::Null }
    }

    fn of_object(object: &'r Value, element: &'r Value) -> Self {
        Self { text: "", fields: &[], nested: &[], object, element }
    }

    /// The value with parts a place is in, and the path to it.
    fn value<'p>(&self, place: &'p Place) -> Option<(&'r Value, &'p [String])> {
        match place {
            Place::Field(_) => None,
            Place::Part(number, path) => Some((self.nested.get(*number)?, path)),
            Place::Path(path) => Some((self.object, path)),
            Place::Element(path) => Some((self.element, path)),
        }
    }

    fn text_at(
        &self,
        place: &Place,
        separator: Option<&str>,
    ) -> Result<Option<Cow<'r, str>>, Misshapen> {
        match (self.value(place), place) {
            (Some((value, path)), _) => value::text(value, path, separator),
            (None, Place::Field(number)) => {
                Ok(self.fields.get(*number).map(|field| field.text(self.text)))
            }
            (None, _) => Ok(None),
        }
    }
}

impl Plan<'_> {
    /// Reads one record and hands over each of its rows, in the scratch, or why it is refused.
    pub(super) fn read<E>(
        &self,
        record: &str,
        scratch: &mut Scratch,
        see: &mut See<'_, E>,
    ) -> Result<(), E> {
        scratch.clear();
        match &self.cut {
            Cut::Object => self.read_object(record, scratch, see),
            Cut::Quoted(..) | Cut::Loose(_) => {
                let outcome = self.read_fields(record, scratch);
                see(scratch, outcome)
            }
        }
    }

    fn read_fields(&self, record: &str, scratch: &mut Scratch) -> Result<(), Refusal> {
        let mut fields = std::mem::take(&mut scratch.fields);
        let cut = match &self.cut {
            Cut::Quoted(delimiter, count, absorbs) => {
                let is_cut = fields::split(record.as_bytes(), *delimiter, &mut fields).is_some();
                loose::absorb((*count, *absorbs), &mut fields);
                match (is_cut, fields.len() == *count) {
                    (false, _) => Err(reasons::QUOTES),
                    (true, false) => Err(reasons::FIELD_COUNT),
                    (true, true) => Ok(()),
                }
            }
            Cut::Loose(layout) => loose::split(record, layout, &mut fields),
            Cut::Object => Ok(()),
        };
        let nested = cut.and_then(|()| self.nested_values(record, &fields));
        let outcome = match nested {
            Ok(nested) => self.read_cells(&Parts::of_fields(record, &fields, &nested), scratch),
            Err(reason) => Err(Refusal::of(reason)),
        };
        scratch.fields = fields;
        outcome
    }

    fn nested_values(&self, record: &str, fields: &[Field]) -> Result<Vec<Value>, &'static str> {
        let parse = |(number, syntax): &(usize, Syntax)| {
            let text = fields.get(*number).map(|field| field.text(record)).unwrap_or_default();
            if self.is_missing(&text) {
                return Ok(Value::Null);
            }
            let value = match syntax {
                Syntax::Json => serde_json::from_str(&text).ok().map(|Object(value)| value),
                Syntax::Edn => edn::parse(&text),
            };
            value.ok_or(reasons::NESTED)
        };
        self.nested.iter().map(parse).collect()
    }

    fn read_object<E>(
        &self,
        record: &str,
        scratch: &mut Scratch,
        see: &mut See<'_, E>,
    ) -> Result<(), E> {
        let Ok(Object(object)) = serde_json::from_str::<Object>(record) else {
            return see(scratch, Err(Refusal::of(reasons::JSON)));
        };
        self.note_keys(object.as_object().into_iter().flat_map(|keys| keys.keys()));
        let Some(each) = &self.each else {
            self.note_paths(&Parts::of_object(&object, &Value::Null));
            let outcome = self.read_cells(&Parts::of_object(&object, &Value::Null), scratch);
            return see(scratch, outcome);
        };
        let elements = match value::at(&object, each) {
            Ok(None | Some(Value::Null)) => return Ok(()),
            Ok(Some(Value::Array(elements))) => elements,
            Ok(Some(_)) | Err(Misshapen) => {
                let reason = format!("{}:{}", reasons::SHAPE, each.join("."));
                return see(scratch, Err(Refusal::of(&reason)));
            }
        };
        for (number, element) in elements.iter().enumerate() {
            scratch.clear();
            let parts = Parts::of_object(&object, element);
            self.note_paths(&parts);
            let outcome = self.read_cells(&parts, scratch);
            let located = outcome.map_err(|refusal| Refusal { element: Some(number), ..refusal });
            see(scratch, located)?;
        }
        Ok(())
    }

    /// Remembers which keys are there.
    fn note_paths(&self, parts: &Parts<'_>) {
        for step in &self.steps {
            let found: Vec<Option<bool>> = step
                .from
                .iter()
                .filter_map(|place| {
                    let (value, path) = parts.value(place)?;
                    // Counts of 0 may be left out of their object; the object itself may not.
                    let object_of = path.get(..path.len().saturating_sub(1).max(1));
                    Some(value::has_key(value, object_of.unwrap_or(path)))
                })
                .collect();
            if found.contains(&Some(true)) {
                step.note(true);
            } else if found.contains(&Some(false)) {
                step.note(false);
            }
        }
    }

    fn read_cells(&self, parts: &Parts<'_>, scratch: &mut Scratch) -> Result<(), Refusal> {
        let mut found = Vec::new();
        for step in &self.steps {
            match self.read_cell(step, parts, scratch) {
                Ok(Cell::Null) if step.required => {
                    found.push(format!("{}:{}", reasons::MISSING, step.name));
                }
                Ok(cell) => {
                    if let Some(place) = scratch.cells.get_mut(step.column) {
                        *place = cell;
                    }
                }
                Err(reason) => found.push(format!("{reason}:{}", step.name)),
            }
        }
        let refusal = Refusal { reasons: found, element: None };
        if refusal.reasons.is_empty() { Ok(()) } else { Err(refusal) }
    }

    fn read_cell(
        &self,
        step: &Step<'_>,
        parts: &Parts<'_>,
        scratch: &mut Scratch,
    ) -> Result<Cell, &'static str> {
        if let Some((place, code)) = &step.group
            && let Ok(Some(text)) = parts.text_at(place, None)
        {
            return Ok(self.of_group(&text, code, scratch));
        }
        for place in &step.from {
            let text = parts.text_at(place, step.separator).map_err(|Misshapen| reasons::SHAPE)?;
            if let Some(raw) = text.filter(|raw| !self.is_missing(raw)) {
                return step.reader.read(&raw, &mut scratch.text, &mut scratch.flags);
            }
        }
        if let Some((place, absent)) = &step.absent
            && let Ok(Some(text)) = parts.text_at(place, None)
            && absent.is.contains(&text.into_owned())
        {
            add(&mut scratch.flags, flags::PARTICIPANTS_SUPPOSES);
            return step.reader.read(&absent.value, &mut scratch.text, &mut scratch.flags);
        }
        Ok(Cell::Null)
    }

    /// One code for a group: all its participants in the band of the code, none in the others.
    fn of_group(&self, text: &str, code: &str, scratch: &mut Scratch) -> Cell {
        if self.is_missing(text) {
            return Cell::Null;
        }
        let text = text.trim();
        let codes = self.steps.iter().filter_map(|step| step.group.as_ref());
        let is_known = codes.map(|(_, code)| *code).any(|known| known == text);
        add(&mut scratch.flags, if is_known { flags::GROUPE_EN_BLOC } else { flags::CODE_INCONNU });
        if text == code { Cell::Number(scratch.participants()) } else { Cell::Null }
    }
}

fn add(found: &mut Vec<&'static str>, flag: &'static str) {
    if !found.contains(&flag) {
        found.push(flag);
    }
}
