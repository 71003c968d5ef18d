//! The app that the example plan deploys: it says who it is, and loses no request when it is stopped.
//!
//! | path | answer |
//! |---|---|
//! | `/` | the app's name, its version (`$VERSION`) and the index of the instance |
//! | `/health` | `ok` |
//! | `/status` | JSON: who answers, and what was asked (`method`, `host`, `tenant` of `X-Tenant`) |
//! | `/slow?ms=N` | the same as `/`, after N milliseconds |
//! | `/stream?lines=N&ms=M` | N lines, M milliseconds apart, each sent when it is made |
//! | `/ws` | a WebSocket that sends back what it is sent |
//! | `/session` | the same as `/`; begins a session (`JSESSIONID`) where there is none |
//! | `/crash` | none: the instance ends with exit code 1 |
//!
//! On SIGTERM it takes what is already waiting for it, finishes what it began, closes idle connections, and ends. A
//! WebSocket is finished when its client closes it.

#![expect(clippy::print_stdout, reason = "the log of an app is what it prints")]

mod http;
mod server;
mod websocket;

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::time::Duration;

use http::{Answer, Request};

/// Who answers.
#[derive(Debug, Clone)]
struct App {
    name: String,
    version: String,
    instance: String,
}

impl App {
    fn from_env() -> Self {
        let variable = |name: &str| std::env::var(name).unwrap_or_default();
        Self {
            name: json_text(&variable("VCAP_APPLICATION"), "application_name").unwrap_or("sinatra").to_owned(),
            version: Some(variable("VERSION")).filter(|version| !version.is_empty()).unwrap_or("unknown".to_owned()),
            instance: Some(variable("CF_INSTANCE_INDEX")).filter(|index| !index.is_empty()).unwrap_or("0".to_owned()),
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        let hello = format!("{} version {} instance {}\n", self.name, self.version, self.instance);
        let number = |name, default| request.query(name).and_then(|value| value.parse().ok()).unwrap_or(default);
        let pause = |default| Duration::from_millis(number("ms", default));
        match request.path() {
            "/" if request.body_length() > 0 => Answer::text(200, &format!("{hello}{} bytes\n", request.body_length())),
            "/" => Answer::text(200, &hello),
            "/health" => Answer::text(200, "ok\n"),
            "/status" => {
                let texts = [
                    ("app", self.name.as_str()),
                    ("version", &self.version),
                    ("method", request.method()),
                    ("host", request.header("host").unwrap_or_default()),
                    ("tenant", request.header("x-tenant").unwrap_or_default()),
                ];
                let texts = texts.map(|(name, text)| format!("\"{name}\":{}", quoted(text))).join(",");
                Answer::json(&format!("{{{texts},\"instance\":{}}}\n", self.instance))
            }
            "/slow" => {
                std::thread::sleep(pause(1000));
                Answer::text(200, &hello)
            }
            "/stream" => Answer::lines(&hello, number("lines", 10), pause(100)),
            "/ws" => match request.websocket_key() {
                Some(key) => Answer::websocket(key),
                None => Answer::text(400, "this is a WebSocket\n"),
            },
            "/session" if request.has_cookie("JSESSIONID") => Answer::text(200, &hello),
            "/session" => {
                let id = std::process::id();
                Answer::text(200, &hello).with("Set-Cookie", &format!("JSESSIONID={id}; Path=/; HttpOnly"))
            }
            "/crash" => std::process::exit(1),
            path => Answer::text(404, &format!("{path} is not here\n")),
        }
    }
}

/// A text as JSON has it, less what no header holds.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The value of a text in a JSON object; enough for a name, which needs no escapes.
fn json_text<'a>(json: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = json.split_once(&format!("\"{key}\""))?;
    rest.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?.split('"').next()
}

/// Where to listen: on the loopback where the platform reaches its instances there, else everywhere.
fn address() -> (IpAddr, u16) {
    let variable = |name| std::env::var(name).ok();
    let internal = variable("CF_INSTANCE_INTERNAL_IP").and_then(|ip| ip.parse::<IpAddr>().ok());
    let ip = internal.filter(IpAddr::is_loopback).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    (ip, variable("PORT").and_then(|port| port.parse().ok()).unwrap_or(8080))
}

fn main() -> std::io::Result<()> {
    let app = App::from_env();
    let listener = TcpListener::bind(address())?;
    println!("{} version {} listens on {}", app.name, app.version, listener.local_addr()?);
    let drain = server::Drain::on_sigterm(listener.local_addr()?)?;
    server::run(listener, &drain, move |request| app.answer(request))?;
    println!("drained");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_found_in_vcap_application() {
        let cases = [
            (r#"{"limits":{"mem":64},"application_name":"sinatra_a","uris":[]}"#, Some("sinatra_a")),
            (r#"{"application_name" : "b"}"#, Some("b")),
            ("{}", None),
            ("", None),
        ];
        for (json, expected) in cases {
            assert_eq!(json_text(json, "application_name"), expected, "{json}");
        }
    }
}
