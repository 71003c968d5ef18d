//! Buildpacks: those that a fresh foundation has, and those that are uploaded, which are kept by name only: nothing
//! here could run them.
//!
//! | endpoint | what |
//! |---|---|
//! | `GET`, `POST /v3/buildpacks` | list; create |
//! | `GET`, `PATCH`, `DELETE /v3/buildpacks/:guid` | show; name, stack, position, switches, metadata; as a job |
//! | `POST …/upload` | the zip file, as a job; its manifest says which stack it is for |

use std::io::{Cursor, Read as _};

use axum::extract::{DefaultBodyLimit, Path, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::{Json, Router, routing};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::controller::auth::Who;
use crate::controller::body::{Field, Message};
use crate::controller::error::{ApiError, ApiResult, table};
use crate::controller::form::{self, Form};
use crate::controller::list::{ListQuery, Query, Spec};
use crate::controller::{Api, Cf, action, href, jobs, metadata};
use crate::platform::Platform;
use crate::state::{Buildpack, Party, State, timestamp};

const LIST: Spec = Spec::new(&["stacks", "names", "lifecycle"]).ordered(&["position", "lifecycle"]);

/// The longest name of a buildpack or of its stack, in characters.
const LONGEST: usize = 250;

/// The largest manifest that is read, in bytes.
const LARGEST_MANIFEST: u64 = 1024 * 1024;

pub(super) fn routes() -> Api {
    Router::new()
        .route("/v3/buildpacks", routing::get(list).post(create))
        .route("/v3/buildpacks/{guid}", routing::get(show).patch(update).delete(destroy))
        .route("/v3/buildpacks/{guid}/upload", routing::post(upload).layer(DefaultBodyLimit::disable()))
}

fn present(cf: &Platform, buildpack: &Buildpack) -> Value {
    let path = format!("/v3/buildpacks/{}", buildpack.guid);
    json!({
        "guid": buildpack.guid,
        "created_at": timestamp(buildpack.created_at),
        "updated_at": timestamp(buildpack.updated_at),
        "name": buildpack.name,
        "stack": buildpack.stack,
        "state": if buildpack.filename.is_some() { "READY" } else { "AWAITING_UPLOAD" },
        "lifecycle": "buildpack",
        "filename": buildpack.filename,
        "position": buildpack.position,
        "enabled": buildpack.enabled,
        "locked": buildpack.locked,
        "metadata": metadata(&buildpack.metadata),
        "links": { "self": href(cf, &path), "upload": action(cf, &format!("{path}/upload"), "POST") },
    })
}

async fn list(Shared(cf): Cf, _who: Who, query: Query) -> ApiResult<Json<Value>> {
    let query = ListQuery::new(query, &LIST)?;
    if query.get("lifecycle").is_some_and(|lifecycle| !matches!(lifecycle, "buildpack" | "cnb")) {
        return Err(ApiError::bad_query("Lifecycle must be either \"buildpack\" or \"cnb\""));
    }
    cf.store.read(|db| {
        // The order of their positions is the default here.
        let buildpacks = db.buildpacks.values().filter(|buildpack| {
            query.wants_name("names", &buildpack.name)
                && query.wants("stacks", buildpack.stack.as_deref().unwrap_or_default())
                && query.wants("lifecycle", "buildpack")
        });
        Ok(Json(query.page(&cf, "/v3/buildpacks", buildpacks).present(|buildpack| present(&cf, buildpack))))
    })
}

fn find<'a>(db: &'a State, guid: &str) -> ApiResult<&'a Buildpack> {
    db.buildpacks.get(guid).ok_or_else(|| ApiError::not_found("Buildpack"))
}

async fn show(Shared(cf): Cf, _who: Who, Path(guid): Path<String>) -> ApiResult<Json<Value>> {
    cf.store.read(|db| find(db, &guid).map(|buildpack| Json(present(&cf, buildpack))))
}

/// (`cloud_controller_ng`: `messages/buildpack_create_message.rb`.)
fn check_name(body: &mut Message, name: &str) {
    if name.chars().count() > LONGEST {
        body.problem(format!("Name is too long (maximum is {LONGEST} characters)"));
    }
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
        body.problem("Name is invalid");
    }
}

fn read_stack(body: &mut Message) -> Field<String> {
    let stack = body.string("stack");
    if let Field::Is(name) = &stack
        && name.chars().count() > LONGEST
    {
        body.problem(format!("Stack is too long (maximum is {LONGEST} characters)"));
    }
    stack
}

fn read_position(body: &mut Message) -> Option<usize> {
    let position = body.integer("position").value()?;
    if position < 1 {
        body.problem("Position must be greater than or equal to 1");
    }
    // One that is too far is the last.
    Some(usize::try_from(position).unwrap_or(usize::MAX))
}

/// Fails where a buildpack cannot be as it is asked to be.
fn check(db: &State, buildpack: &Buildpack) -> ApiResult<()> {
    if let Some(stack) = &buildpack.stack
        && !db.has_stack(stack)
    {
        return Err(ApiError::unprocessable(format!("Stack '{stack}' does not exist")));
    }
    if taken(db, buildpack) {
        return Err(ApiError::unprocessable(match &buildpack.stack {
            Some(stack) => format!(
                "Buildpack with name '{}', stack '{stack}' and lifecycle 'buildpack' already exists",
                buildpack.name
            ),
            None => format!("Buildpack with name '{}' and an unassigned stack already exists", buildpack.name),
        }));
    }
    Ok(())
}

/// Whether there is another one with the same name for the same stack.
fn taken(db: &State, buildpack: &Buildpack) -> bool {
    db.buildpacks
        .values()
        .any(|other| other.guid != buildpack.guid && other.name == buildpack.name && other.stack == buildpack.stack)
}

/// Notes what was done to a buildpack: `create` is `audit.buildpack.create`.
fn note(db: &mut State, who: &Who, buildpack: &Buildpack, done: &str) {
    let target = Party::new("buildpack", &buildpack.guid, &buildpack.name);
    db.record(&format!("audit.buildpack.{done}"), who.actor(), target, None, json!({}));
}

async fn create(Shared(cf): Cf, who: Who, mut body: Message) -> ApiResult<(StatusCode, Json<Value>)> {
    who.must(who.is_admin())?;
    body.only(&["name", "stack", "position", "enabled", "locked", "lifecycle", "metadata"]);
    let name = body.string("name").value().unwrap_or_default();
    if name.trim().is_empty() {
        body.problem("Name can't be blank");
    }
    check_name(&mut body, &name);
    let stack = read_stack(&mut body).value();
    let position = read_position(&mut body);
    let enabled = body.boolean("enabled").value();
    let locked = body.boolean("locked").value();
    match body.string("lifecycle").value().as_deref() {
        None | Some("buildpack") => {}
        Some("cnb") => return Err(ApiError::not_implemented("A cloud native buildpack")),
        Some(_) => body.problem("Lifecycle must be either \"buildpack\" or \"cnb\""),
    }
    let change = body.metadata();
    body.finish()?;
    cf.store.write(|db| {
        let mut buildpack = Buildpack { stack, ..Buildpack::new(&name) };
        buildpack.position = position.unwrap_or(buildpack.position);
        buildpack.enabled = enabled.unwrap_or(buildpack.enabled);
        buildpack.locked = locked.unwrap_or(buildpack.locked);
        change.apply(&mut buildpack.metadata);
        check(db, &buildpack)?;
        note(db, &who, &buildpack, "create");
        Ok((StatusCode::CREATED, Json(put(&cf, db, buildpack))))
    })
}

/// Puts a buildpack in its place and shows it, there.
fn put(cf: &Platform, db: &mut State, buildpack: Buildpack) -> Value {
    let guid = buildpack.guid.clone();
    db.buildpacks.put(buildpack);
    db.buildpacks.get(guid.as_str()).map_or(Value::Null, |buildpack| present(cf, buildpack))
}

async fn update(Shared(cf): Cf, who: Who, Path(guid): Path<String>, mut body: Message) -> ApiResult<Json<Value>> {
    cf.store.write(|db| {
        let old = find(db, &guid)?.clone();
        who.must(who.is_admin())?;
        body.only(&["name", "stack", "position", "enabled", "locked", "metadata"]);
        let name = body.string("name").value();
        if let Some(name) = &name {
            check_name(&mut body, name);
        }
        let stack = read_stack(&mut body);
        let position = read_position(&mut body);
        let enabled = body.boolean("enabled").value();
        let locked = body.boolean("locked").value();
        let change = body.metadata();
        body.finish()?;
        let mut new = old.clone();
        new.name = name.unwrap_or(new.name);
        stack.replace(&mut new.stack);
        new.position = position.unwrap_or(new.position);
        new.enabled = enabled.unwrap_or(new.enabled);
        new.locked = locked.unwrap_or(new.locked);
        new.updated_at = Timestamp::now();
        change.apply(&mut new.metadata);
        check(db, &new)?;
        if old.stack.is_some() && old.stack != new.stack {
            return Err(ApiError::unprocessable("Buildpack stack cannot be changed"));
        }
        note(db, &who, &new, "update");
        Ok(Json(put(&cf, db, new)))
    })
}

async fn destroy(Shared(cf): Cf, who: Who, Path(guid): Path<String>) -> ApiResult<Response> {
    cf.store.read(|db| {
        find(db, &guid)?;
        who.must(who.is_admin())
    })?;
    Ok(jobs::run(&cf, "buildpack.delete", None, move |db| {
        let buildpack = find(db, &guid)?.clone();
        note(db, &who, &buildpack, "delete");
        db.buildpacks.remove(&guid);
        Ok(Vec::new())
    }))
}

async fn upload(Shared(cf): Cf, who: Who, Path(guid): Path<String>, form: Form) -> ApiResult<Response> {
    let mut files = form::parts(form, &["bits"]).await?.into_iter();
    let bits = files.find_map(|part| Some((part.filename?, part.content)));
    let buildpack = cf.store.read(|db| find(db, &guid).cloned())?;
    who.must(who.is_admin())?;
    let invalid = |why: &str| ApiError::unprocessable(format!("Uploaded buildpack file is invalid: {why}"));
    let Some((filename, bits)) = bits else {
        return Err(invalid("A buildpack zip file must be uploaded as 'bits'"));
    };
    if !bits.starts_with(b"PK\x03\x04") {
        let empty = if bits.is_empty() { format!(", {filename} cannot be empty") } else { String::new() };
        return Err(invalid(&format!(
            "{filename} is not a zip file. Buildpacks of lifecycle \"buildpack\" must be valid zip files.{empty}"
        )));
    }
    if buildpack.locked {
        return Err(ApiError::unprocessable("Buildpack is locked"));
    }
    let stack = stack_of(&bits);
    let resource = Some(("buildpack", format!("/v3/buildpacks/{guid}")));
    let mut answer = jobs::run(&cf, "buildpack.upload", resource, move |db| {
        let uploaded = with_bits(db, find(db, &guid)?.clone(), filename, stack)?;
        note(db, &who, &uploaded, "upload");
        db.buildpacks.put(uploaded);
        Ok(Vec::new())
    });
    *answer.body_mut() = Json(present(&cf, &buildpack)).into_response().into_body();
    Ok(answer)
}

/// A buildpack with what was uploaded for it. Fails where that is no buildpack, or for another stack.
/// (`cloud_controller_ng`: `upload_buildpack.rb`.)
fn with_bits(
    db: &State,
    mut buildpack: Buildpack,
    filename: String,
    stack: Result<Option<String>, &str>,
) -> ApiResult<Buildpack> {
    let stack = stack
        .map_err(|why| ApiError::new(table::BUILDPACK_ZIP_ERROR, format!("Buildpack zip error: {why}")))?
        .or_else(|| buildpack.stack.clone());
    if let Some(new) = &stack
        && !db.has_stack(new)
    {
        return Err(ApiError::new(
            table::BUILDPACK_STACK_DOES_NOT_EXIST,
            format!("Uploaded buildpack stack ({new}) does not exist"),
        ));
    }
    if let (Some(old), Some(new)) = (&buildpack.stack, &stack)
        && old != new
    {
        return Err(ApiError::new(
            table::BUILDPACK_STACKS_DONT_MATCH,
            format!("Uploaded buildpack stack ({new}) does not match {old}"),
        ));
    }
    buildpack.stack = stack;
    if taken(db, &buildpack) {
        return Err(ApiError::new(
            table::BUILDPACK_NAME_STACK_LIFECYCLE_TAKEN,
            format!(
                "The buildpack name {} is already in use for the stack {} and the lifecycle buildpack",
                buildpack.name,
                buildpack.stack.as_deref().unwrap_or_default()
            ),
        ));
    }
    buildpack.filename = Some(filename);
    buildpack.uploaded = true;
    buildpack.updated_at = Timestamp::now();
    Ok(buildpack)
}

/// The stack that the manifest of a zipped buildpack names.
fn stack_of(bits: &[u8]) -> Result<Option<String>, &'static str> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bits)).map_err(|_| "buildpack zipfile is not valid")?;
    let Ok(manifest) = archive.by_name("manifest.yml") else { return Ok(None) };
    if manifest.size() > LARGEST_MANIFEST {
        return Err("buildpack manifest is too large");
    }
    let mut text = String::new();
    manifest.take(LARGEST_MANIFEST).read_to_string(&mut text).map_err(|_| "buildpack zipfile is not valid")?;
    let manifest: serde_yaml::Value = serde_yaml::from_str(&text).map_err(|_| "buildpack manifest is not valid")?;
    let stack = manifest.get("stack").and_then(serde_yaml::Value::as_str).filter(|stack| !stack.trim().is_empty());
    Ok(stack.map(ToOwned::to_owned))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::settings::Settings;
    use crate::state::Guid;

    fn zipped(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, text) in files {
            archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(text.as_bytes()).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn the_manifest_names_the_stack() {
        let cases = [
            (zipped(&[("manifest.yml", "language: go\nstack: cflinuxfs4\n")]), Ok(Some("cflinuxfs4".to_owned()))),
            (zipped(&[("manifest.yml", "stack: ")]), Ok(None)),
            (zipped(&[("bin/detect", "")]), Ok(None)),
            (zipped(&[("manifest.yml", "stack: [")]), Err("buildpack manifest is not valid")),
            (b"PK\x03\x04 and no more".to_vec(), Err("buildpack zipfile is not valid")),
        ];
        for (bits, expected) in cases {
            assert_eq!(stack_of(&bits), expected);
        }
    }

    #[test]
    fn an_upload_gives_a_buildpack_its_stack_once() {
        let db = State::initial(&Settings::default());
        let seeded = db.buildpacks.values().next().unwrap().clone();
        let stack = seeded.stack.clone();
        let fresh = Buildpack { guid: Guid::random(), name: "mine".to_owned(), stack: None, ..seeded.clone() };
        let namesake = Buildpack { name: seeded.name.clone(), ..fresh.clone() };
        let cases = [
            (fresh.clone(), Ok(stack.clone()), Ok(stack.clone())),
            (fresh.clone(), Ok(None), Ok(None)),
            (seeded, Ok(None), Ok(stack.clone())),
            (fresh.clone(), Ok(Some("none".to_owned())), Err("Uploaded buildpack stack (none) does not exist")),
            (
                Buildpack { stack: Some("other".to_owned()), ..fresh.clone() },
                Ok(stack.clone()),
                Err("Uploaded buildpack stack (cflinuxfs4) does not match other"),
            ),
            (
                namesake,
                Ok(stack),
                Err("The buildpack name staticfile_buildpack is already in use for the stack cflinuxfs4 and the \
                     lifecycle buildpack"),
            ),
            (fresh, Err("it is torn"), Err("Buildpack zip error: it is torn")),
        ];
        for (buildpack, stack, expected) in cases {
            let made = with_bits(&db, buildpack, "bits.zip".to_owned(), stack).map(|made| made.stack);
            assert_eq!(made.map_err(|error| error.problems[0].detail.clone()), expected.map_err(ToOwned::to_owned));
        }
    }
}
