//! The access token that the calls of a run are made with.

use std::time::Duration;

use jiff::Timestamp;

use crate::cf::invocation::Invocation;
use crate::cf::session::Session;
use crate::cf::spawn::Cf;
use crate::secret::Sensitive;

/// How long an access token must be good for that no cf is about to renew it. cf 8.17: it does where less than a minute is
/// left (`accessTokenExpirationMargin`).
const TOKEN_LASTS: Duration = Duration::from_secs(120);
/// How long it may take to fetch one.
const FETCH: Duration = Duration::from_secs(45);

/// The access token of a session, and what has cf fetch a new one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tokens<'a> {
    cf: &'a Cf,
    session: &'a Session,
}

impl<'a> Tokens<'a> {
    /// The token of a session, as that cf works with it.
    pub(super) fn new(cf: &'a Cf, session: &'a Session) -> Self {
        Self { cf, session }
    }

    /// The access token that there is now.
    pub(crate) fn now(&self) -> Option<Sensitive> {
        self.session.access_token().ok()
    }

    /// Has cf fetch a new access token at its next call, unless that was done since this one was used: many calls meet the
    /// end of one token. cf 8.17 does so by itself where the token's own time is about to end, not where the platform has
    /// rejected it.
    pub(crate) fn renew(&self, used: Option<&Sensitive>) {
        // A cf that is at work there writes down the token that it began with.
        self.cf.in_turn(|| {
            if used == self.now().as_ref() {
                // Where the private configuration cannot be written, the next call says that the token is rejected.
                let _ = self.session.forget_access_token();
            }
        });
    }

    /// Whether no cf has had a reason to renew the access token, and none has for a while yet.
    pub(crate) fn last(&self) -> bool {
        self.session.token_times().is_some_and(|(_, end)| end > Timestamp::now() + TOKEN_LASTS)
    }

    /// Has a new access token fetched where the one that there is does not last for a call that may take so long, as far as
    /// the platform gives any that do: what that call renews on its way, nobody else knows of before it ends.
    pub(crate) fn renew_for(&self, time: Duration) {
        let Some((issued, end)) = self.session.token_times() else { return };
        let left = Duration::try_from(end.duration_since(Timestamp::now())).unwrap_or_default();
        let life = Duration::try_from(end.duration_since(issued)).unwrap_or_default();
        if left < time.min(life * 2 / 3) {
            self.renew_now(self.now().as_ref());
        }
    }

    /// Whether a cf that has nothing but the access token can work with it. Where it ends soon and the platform gives any that
    /// last, a new one is fetched first.
    pub(crate) fn serve_aside(&self) -> bool {
        let may_last = || self.session.token_times().is_some_and(|(issued, end)| end > issued + TOKEN_LASTS);
        if !self.last() && may_last() {
            self.renew_now(self.now().as_ref());
        }
        self.last()
    }

    /// As [`Self::renew`], and at once: what works beside the session's own cf has nothing to renew it with.
    pub(crate) fn renew_now(&self, used: Option<&Sensitive>) {
        self.renew(used);
        let argv = Invocation::org_guid(&self.session.target().org).resolve(&|_| None);
        // Whatever is wrong with it, the next call tells.
        let _ = argv.map(|argv| self.cf.run(&argv, FETCH, &mut |_, _| {}));
    }
}
