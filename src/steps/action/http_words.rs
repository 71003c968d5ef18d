//! An HTTP check, as it is told and as a script asks it.

use std::time::Duration;

use crate::plan::{HttpCheck, Method, RouteUrl, format_duration};
use crate::shell::{self, quote};

/// What is asked.
pub(super) fn asked(http: &HttpCheck) -> String {
    format!("{} {}", http.method, http.path)
}

/// What an answer must be.
pub(super) fn wanted(http: &HttpCheck) -> String {
    let status = http.status.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ");
    let headers =
        http.response_headers.iter().map(|(name, wanted)| format!(" and {name} that matches /{}/", wanted.as_str()));
    let body = http.body.iter().map(|body| format!(" and a body that matches /{}/", body.as_str()));
    let json = http.json.iter().map(|(pointer, wanted)| format!(" and JSON whose {pointer} is {wanted}"));
    let latency = http.latency.iter().map(|latency| format!(" in less than {}", format_duration(*latency)));
    let wanted: String = headers.chain(body).chain(json).chain(latency).collect();
    format!("{status}{wanted}")
}

/// A line of a shell script that waits for an answer with one of the statuses; of what else is asked for it looks at the latency.
pub(super) fn script(http: &HttpCheck, url: &RouteUrl, within: Duration) -> String {
    let route = quote(&format!("{url}{}", http.path));
    let seconds = shell::seconds(within);
    let codes: Option<Vec<String>> =
        http.status.iter().map(|status| status.code().map(|code| code.to_string())).collect();
    if let Some(codes) =
        codes.filter(|_| http.method == Method::Get && http.headers.is_empty() && http.latency.is_none())
    {
        return format!("wait_for {seconds} {route} status {route} {}", codes.join(" "));
    }
    let method = match http.method {
        Method::Get => Vec::new(),
        Method::Head => vec!["-I".to_owned()],
        Method::Post | Method::Put | Method::Patch | Method::Delete | Method::Options => {
            vec!["-X".to_owned(), http.method.to_string()]
        }
    };
    let headers = http.headers.iter().flat_map(|(name, value)| ["-H".to_owned(), format!("{name}: {value}")]);
    let latency = http.latency.iter().flat_map(|latency| ["-m".to_owned(), latency.as_secs_f64().to_string()]);
    let arguments = method.into_iter().chain(headers).chain(latency);
    let ask = shell::command(["ask".to_owned(), format!("{url}{}", http.path)].into_iter().chain(arguments));
    let patterns =
        http.status.iter().map(|status| status.to_string().replace("xx", "??")).collect::<Vec<_>>().join("|");
    format!(
        "answers() {{ case $({ask}) in {patterns}) return 0 ;; esac; return 1; }}\nwait_for {seconds} {route} answers"
    )
}
