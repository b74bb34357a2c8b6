//! A document of MongoDB, as a row that is read when it is needed.

use std::marker::PhantomData;

use avro_decode::{AvroRead, AvroType, Compiler, Cursor, DecodeError, Node, ResolveError, TypeId};
use debezium::mongodb::DocumentError;
use debezium::types::Json;
use serde::de::DeserializeOwned;

use crate::Failure;

/// A document of MongoDB: extended JSON text, with the fields that `D` names.
pub struct Document<'a, D> {
    json: Json<'a>,
    _fields: PhantomData<fn() -> D>,
}

impl<'a, D: DeserializeOwned> Document<'a, D> {
    /// A document as the connector writes it.
    pub fn of(json: &'a str) -> Self {
        Document { json: Json(json), _fields: PhantomData }
    }

    /// Reads the fields.
    ///
    /// # Errors
    /// When the text is not a document, or a field does not have the type that `D` expects.
    pub fn fields(self) -> Result<D, DocumentUnreadable> {
        self.json.document().map_err(DocumentUnreadable)
    }
}

impl<D: 'static> AvroType for Document<'static, D> {
    type Of<'de> = Document<'de, D>;

    fn compile(compiler: &mut Compiler<'_>, writer: TypeId) -> Result<Node, ResolveError> {
        <Json<'static> as AvroType>::compile(compiler, writer)
    }
}

impl<'de, D: 'static> AvroRead<'de> for Document<'de, D> {
    fn read<'p>(node: &'p Node, cursor: &mut Cursor<'p, 'de>) -> Result<Self, DecodeError> {
        Ok(Document { json: Json::read(node, cursor)?, _fields: PhantomData })
    }

    fn blank() -> Option<Self> {
        Some(Document { json: Json::blank()?, _fields: PhantomData })
    }
}

/// The document does not have the fields that the function reads.
#[derive(Debug, Failure)]
#[failure(
    "the document does not have the fields that this function reads; correct it in MongoDB",
    dead_letter,
    code = "document_malformed",
    blame = record,
    remedy = "Correct the document in MongoDB, which makes a new record; end the letter."
)]
pub struct DocumentUnreadable(#[source] DocumentError);
