//! Cloudflare Workers and Durable Objects.
