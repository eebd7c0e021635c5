//! Which points of a batch have the same keys in the same order, so that their
//! dimensions are one template: all but the few whose values fit no column.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringViewArray, StringViewBuilder};
use arrow::buffer::Buffer;
use storage_layout::DimensionColumn;
use storage_layout::dimension_template::{Kind, template};

use crate::error::{Error, Result};

/// A batch with more shapes keeps the other points' texts: templates would save
/// little, and a sender must not make them cost memory.
const MAX_SHAPES: usize = 1_024;

/// The shape of each point of a batch.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    /// Numbers of keys, and what each holds.
    shapes: Vec<Vec<(usize, Kind)>>,
    numbers: HashMap<Vec<(usize, Kind)>, usize>,
    /// `None`: the text is kept whole.
    of_rows: Vec<Option<u32>>,
    /// Room for the next one.
    room: Vec<(usize, Kind)>,
}

/// The shape of a point that is being pushed.
#[derive(Debug)]
pub(super) struct Shape {
    parts: Vec<(usize, Kind)>,
    whole: bool,
}

impl Shape {
    /// The next key, by its number in the batch.
    pub(super) fn push(&mut self, key: usize, kind: Kind) {
        self.parts.push((key, kind));
    }

    /// Some value is in no column: the text is kept whole.
    pub(super) fn whole(&mut self) {
        self.whole = true;
    }
}

impl Shapes {
    /// The shape of the next point, without any key.
    pub(super) fn begin(&mut self) -> Shape {
        let mut parts = std::mem::take(&mut self.room);
        parts.clear();
        Shape {
            parts,
            whole: false,
        }
    }

    /// Notes the next point's shape.
    pub(super) fn end(&mut self, shape: Shape) {
        let number = match shape.whole || shape.parts.is_empty() {
            true => None,
            false => self.number(&shape.parts),
        };
        self.of_rows.push(number);
        self.room = shape.parts;
    }

    fn number(&mut self, parts: &Vec<(usize, Kind)>) -> Option<u32> {
        // Neighbours mostly share their shape.
        if let Some(Some(last)) = self.of_rows.last()
            && self.shapes[*last as usize] == *parts
        {
            return Some(*last);
        }
        let number = match self.numbers.get(parts) {
            Some(number) => *number,
            None if self.shapes.len() < MAX_SHAPES => {
                self.shapes.push(parts.clone());
                self.numbers.insert(parts.clone(), self.shapes.len() - 1);
                self.shapes.len() - 1
            }
            None => return None,
        };
        u32::try_from(number).ok()
    }

    /// The points' dimensions as they are stored, `texts` being the whole ones.
    /// `names` are the columns of a key; points with a key that has none keep
    /// their text.
    pub(super) fn stored<'a>(
        &self,
        texts: &StringViewArray,
        names: impl Fn(usize) -> Option<&'a DimensionColumn>,
    ) -> Result<ArrayRef> {
        let mut bytes = Vec::new();
        let mut places = Vec::with_capacity(self.shapes.len());
        for shape in &self.shapes {
            let columns = shape.iter().map(|(key, kind)| Some((names(*key)?, *kind)));
            let place = columns.collect::<Option<Vec<_>>>().map(|columns| {
                let parts = columns.iter().map(|(c, kind)| (&*c.key, *kind, &*c.column));
                let text = template(parts);
                let from = bytes.len();
                bytes.extend_from_slice(text.as_bytes());
                (from as u32, text.len() as u32)
            });
            places.push(place);
        }
        let mut stored = StringViewBuilder::with_capacity(texts.len());
        let block = stored.append_block(Buffer::from_vec(bytes));
        for (row, shape) in self.of_rows.iter().enumerate() {
            match shape.and_then(|shape| places[shape as usize]) {
                Some((from, length)) => stored
                    .try_append_view(block, from, length)
                    .map_err(Error::internal)?,
                None if texts.is_null(row) => stored.append_null(),
                None => stored.append_value(texts.value(row)),
            }
        }
        Ok(Arc::new(stored.finish()))
    }
}
