//! Takes queued messages to the gateways.
