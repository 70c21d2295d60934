import type { Fault } from '../fault.js'
import { ahead } from '../mount.js'
import { beforeBody } from '../tamper.js'

/** Who is taken for whom. */
export const addressFaults: readonly Fault[] = [
  {
    name: 'spoofed-address',
    probe: 'spoofed-address',
    says: 'the client is whoever X-Forwarded-For names first, and that part the client writes itself',
    at: ['X-Forwarded-For'],
    before: (app) =>
      ahead(app, 'all', (request) => {
        const first = request.get('x-forwarded-for')?.split(',')[0]?.trim()
        if (first !== undefined) request.headers['x-forwarded-for'] = first
      }),
  },
  {
    name: 'ipv6-rotation',
    probe: 'ipv6-rotation',
    says: 'each of the 2^64 IPv6 addresses that one client has counts for itself',
    at: ['/'],
    guard: (options) => ({ ...options, clientPrefix: { ...options.clientPrefix, v6Prefix: 128 } }),
  },
  {
    name: 'host-poisoning',
    probe: 'host-poisoning',
    says: '/reset writes the host that the request names into an absolute link',
    at: ['GET /reset Host', 'GET /reset X-Forwarded-Host', 'POST /reset Host', 'POST /reset X-Forwarded-Host'],
    before: (app) =>
      ahead(app, ['/reset'], (request, response) => {
        const host = request.get('x-forwarded-host') ?? request.get('host') ?? ''
        if (/^[\w.:-]+$/.test(host))
          beforeBody(response, 'html', (text) => text.replace('</head>', `<link rel="canonical" href="https://${host}/reset"></head>`))
      }),
  },
]
