import { hkdfSync } from 'node:crypto'

/** HKDF with SHA-256. Source: RFC 5869. */
export const hkdfSha256 = (
  key: Uint8Array,
  options: { readonly salt: string | Uint8Array; readonly info: string | Uint8Array; readonly bytes: number },
): Buffer => Buffer.from(hkdfSync('sha256', key, options.salt, options.info, options.bytes))
