import type { Fault } from '../fault.js'
import { ahead } from '../mount.js'
import { beforeBody, beforeHeaders } from '../tamper.js'

/** A fault that changes one header where it is sent, on these paths or all: undefined takes it away. */
const headerFault = (
  about: Pick<Fault, 'name' | 'probe' | 'says' | 'at'>,
  header: string,
  change: (value: string) => string | undefined,
  paths: readonly string[] | 'all' = 'all',
): Fault => ({
  ...about,
  before: (app) =>
    ahead(app, paths, (_request, response) =>
      beforeHeaders(response, () => {
        const value = change(String(response.getHeader(header) ?? ''))
        if (value === undefined) response.removeHeader(header)
        else response.setHeader(header, value)
      }),
    ),
})

/** What browsers are told, and not told. */
export const headerFaults: readonly Fault[] = [
  {
    name: 'lost-headers',
    probe: 'lost-headers',
    says: 'pages that say there is nothing are sent without a referrer policy, which all others have',
    at: ['(a page that does not exist) referrer-policy', '/%E0%A4%A referrer-policy'],
    before: (app) =>
      ahead(app, 'all', (_request, response) =>
        beforeHeaders(response, () => {
          if (response.statusCode === 404) response.removeHeader('referrer-policy')
        }),
      ),
  },
  headerFault(
    { name: 'hsts', probe: 'hsts', says: 'browsers are never told to come by https only', at: ['/ strict-transport-security (missing)'] },
    'strict-transport-security',
    () => undefined,
  ),
  headerFault(
    { name: 'csp-missing', probe: 'csp-missing', says: '/ has no content security policy', at: ['/ content-security-policy (missing)'] },
    'content-security-policy',
    () => undefined,
    ['/'],
  ),
  headerFault(
    {
      name: 'csp-unsafe',
      probe: 'csp-unsafe',
      says: 'the policy of /reset lets scripts run that stand in the page',
      at: ['/reset content-security-policy (unsafe-inline)'],
    },
    'content-security-policy',
    (policy) => policy.replace(/script-src [^;]*/, "script-src 'self' 'unsafe-inline'"),
    ['/reset'],
  ),
  headerFault(
    {
      name: 'csp-nonce',
      probe: 'csp-nonce',
      says: 'the nonce of /sign-in was made once, when somebody wrote the settings',
      at: ['/sign-in content-security-policy'],
    },
    'content-security-policy',
    (policy) => policy.replace(/script-src [^;]*/, "script-src 'self' 'nonce-2f8c1b7a9d3e4f60'"),
    ['/sign-in'],
  ),
  headerFault(
    {
      name: 'nosniff',
      probe: 'nosniff',
      says: 'browsers may guess what a file is',
      at: ['/ x-content-type-options', '/assets/studio.css x-content-type-options (files)'],
    },
    'x-content-type-options',
    () => undefined,
  ),
  headerFault(
    {
      name: 'referrer-policy',
      probe: 'referrer-policy',
      says: 'other sites are told the whole address that led to them',
      at: ['/ referrer-policy (unsafe-url)'],
    },
    'referrer-policy',
    () => 'unsafe-url',
  ),
  headerFault(
    {
      name: 'permissions-policy',
      probe: 'permissions-policy',
      says: 'pages may ask for camera and place',
      at: ['/ permissions-policy (missing)'],
    },
    'permissions-policy',
    () => undefined,
  ),
  headerFault(
    { name: 'xss-protection', probe: 'xss-protection', says: 'the filter of old browsers is switched on', at: ['/ x-xss-protection'] },
    'x-xss-protection',
    () => '1; mode=block',
  ),
  {
    name: 'sri',
    probe: 'sri',
    says: '/sign-in runs a script of another site, whatever that site sends',
    at: ['/sign-in integrity (cdn.example/widget.js)'],
    before: (app) =>
      ahead(app, ['/sign-in'], (_request, response) =>
        beforeBody(response, 'html', (text) => text.replace('</head>', '<script src="https://cdn.example/widget.js"></script></head>')),
      ),
  },
  {
    name: 'mixed-content',
    probe: 'mixed-content',
    says: '/sign-up shows a frame that comes over plain http',
    at: ['/sign-up subresources (<iframe> cdn.example/chat)'],
    before: (app) =>
      ahead(app, ['/sign-up'], (_request, response) => {
        beforeBody(response, 'html', (text) => text.replace('</body>', '<iframe src="http://cdn.example/chat"></iframe></body>'))
        // else browsers would ask for it by https
        beforeHeaders(response, () =>
          response.setHeader(
            'content-security-policy',
            String(response.getHeader('content-security-policy') ?? '').replace(/;? *upgrade-insecure-requests/, ''),
          ),
        )
      }),
  },
  {
    name: 'security-txt',
    probe: 'security-txt',
    says: 'whom to tell of a hole is not said',
    at: ['/.well-known/security.txt'],
    before: (app) =>
      void app.get('/.well-known/security.txt', (_request, response) => void response.status(404).type('text').send('Not found')),
  },
]
