//! The router over real sockets.
