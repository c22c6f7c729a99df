//! AWS through its SDK: sessions, clients, error classification, estate reader, smithy adapter.
