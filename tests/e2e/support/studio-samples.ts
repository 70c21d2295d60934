import { drawQr } from '../../../packages/guard/src/mfa/qr.js'
import * as pages from '../../../examples/studio/src/pages/index.js'
import type {
  AuditRow,
  Choice,
  Document,
  DocumentRow,
  FrameworkRow,
  PersonRow,
  SessionRow,
  Shell,
} from '../../../examples/studio/src/pages/index.js'

const NOW = Date.UTC(2026, 10, 22, 7, 24)
const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Longer than anything fits, without a place to break it. */
const LONG = 'Verfahrensverzeichnisanlagenaktualisierungsprotokoll_2026-11-22_final_final_v12_reviewed'

const GUEST: Shell = {}
const MEMBER: Shell = { user: { name: 'Anna Lindqvist', email: 'anna@studio.example', admin: false } }
const ADMIN: Shell = { user: { name: 'Oluwaseun Maximiliane Featherstonehaugh', email: 'olu@studio.example', admin: true } }

const FRAMEWORKS: readonly FrameworkRow[] = [
  { id: 'fw1', name: 'SOC 2', summary: 'Security, availability and confidentiality of the hosted service, Type II.', count: 14 },
  {
    id: 'fw2',
    name: 'ISO 27001',
    summary: 'The management system for information security, with the statement of applicability.',
    count: 9,
  },
  { id: 'fw3', name: 'GDPR', summary: 'Records of processing, agreements with processors, and requests of data subjects.', count: 1 },
]
const CHOICES: readonly Choice[] = FRAMEWORKS.map(({ id, name }) => ({ id, name }))
const TITLES = [
  'Access control policy',
  'Vendor register, third quarter',
  'Incident response: who calls whom at night',
  LONG,
  'سياسة النسخ الاحتياطي',
  '<script>alert(1)</script> & "quotes"',
  'Record of processing activities',
  'Penetration test, summary for customers',
] as const
const DOCUMENTS: readonly DocumentRow[] = TITLES.map((title, at) => ({
  id: `doc_${at}`,
  title,
  framework: FRAMEWORKS[at % 3]?.name ?? '',
  owner: at % 2 === 0 ? 'Anna Lindqvist' : 'Bert van der Merwe',
  status: (['approved', 'review', 'draft'] as const)[at % 3] ?? 'draft',
  changedAt: NOW - at * 17 * HOUR,
  attachments: at % 4,
}))

const SESSIONS: readonly SessionRow[] = [
  {
    id: 's1',
    device: 'Firefox on Linux',
    address: '203.0.113.7',
    place: 'Berlin, Germany',
    createdAt: NOW - DAY,
    seenAt: NOW,
    current: true,
  },
  { id: 's2', device: 'Safari on iOS', address: '2001:db8:51::8f3:1', createdAt: NOW - 9 * DAY, seenAt: NOW - 3 * HOUR, current: false },
  { id: 's3', device: 'an unknown device', createdAt: NOW - 30 * DAY, seenAt: NOW - 12 * DAY, current: false },
]

const DOCUMENT: Document = {
  document: {
    id: 'doc_1',
    title: 'Incident response: who calls whom at night',
    framework: 'fw1',
    status: 'review',
    contact: 'night.desk@supplier.example',
    body: `Purpose\nWhoever notices an incident first leads it until somebody else says that he does.\n\n1. Write down the time.\n2. Call the person on duty; after ten minutes the next one of the list.\n3. Nobody restarts anything before a copy of the memory is taken.\n\nLong names stay inside: ${LONG}`,
    owner: 'Anna Lindqvist',
    createdAt: NOW - 90 * DAY,
    changedAt: NOW - HOUR,
  },
  frameworkName: 'SOC 2',
  frameworks: CHOICES,
  attachments: [
    { name: 'on-call-list.pdf', href: '/attachments/a1?expires=1&signature=x', size: 182_340, by: 'Anna Lindqvist', at: NOW - 2 * DAY },
    { name: `${LONG}.xlsx`, href: '/attachments/a2?expires=1&signature=x', size: 4_800_000, by: 'Bert van der Merwe', at: NOW - DAY },
    { name: 'note.txt', href: '/attachments/a3?expires=1&signature=x', size: 12, by: 'Anna Lindqvist', at: NOW - HOUR },
  ],
  comments: [
    { by: 'Bert van der Merwe', at: NOW - 20 * HOUR, text: 'Who is the second on the list during the holidays?' },
    { by: 'Anna Lindqvist', at: NOW - HOUR, text: 'Carla, until the 3rd.\n\nI have added it to the table.' },
  ],
  viewers: [
    { name: 'Anna Lindqvist', why: 'owner' },
    { name: 'Bert van der Merwe', why: 'framework' },
    { name: 'Carla Ibáñez', why: 'framework' },
  ],
  mayEdit: true,
}

const PEOPLE: readonly PersonRow[] = [
  { id: 'p1', name: 'Oluwaseun Maximiliane Featherstonehaugh', email: 'olu@studio.example', role: 'admin', suspended: false, secondFactor: true, seenAt: NOW, rights: ['fw1', 'fw2', 'fw3'], self: true },
  { id: 'p2', name: 'Anna Lindqvist', email: 'anna@studio.example', role: 'member', suspended: false, secondFactor: true, seenAt: NOW - HOUR, rights: ['fw1'], self: false },
  { id: 'p3', name: 'Bert van der Merwe', email: 'bert.with.a.very.long.address.indeed@subsidiary.studio.example', role: 'member', suspended: true, secondFactor: false, seenAt: NOW - 40 * DAY, rights: [], self: false },
  { id: 'p4', name: 'Carla Ibáñez', email: 'carla@studio.example', role: 'admin', suspended: false, secondFactor: false, seenAt: undefined, rights: ['fw1', 'fw2'], self: false },
] // prettier-ignore

const ENTRIES: readonly AuditRow[] = Array.from({ length: 14 }, (_, at) => ({
  id: `e${at}`,
  at: NOW - at * 13 * 60_000,
  actor: at === 5 ? 'nobody signed in' : (PEOPLE[at % 4]?.name ?? ''),
  action: (['view', 'view', 'edit', 'create', 'delete'] as const)[at % 5] ?? 'view',
  resource: at % 3 === 0 ? 'attachment' : 'document',
  ...(at === 6 ? {} : { name: TITLES[at % 8] ?? '' }),
  outcome: (['success', 'success', 'success', 'refused', 'failure'] as const)[at % 5] ?? 'success',
  ...(at === 4 ? {} : { address: at % 2 === 0 ? '203.0.113.7' : '2001:db8:51:0:a1b2:c3d4:e5f6:7788' }),
}))

const FACTORS = {
  apps: [{ id: 't1', name: 'Phone', createdAt: NOW - 60 * DAY, usedAt: NOW - DAY }],
  passkeys: [
    { id: 'k1', name: 'Laptop', createdAt: NOW - 50 * DAY, usedAt: NOW - HOUR },
    { id: 'k2', name: `Key ${LONG}`, createdAt: NOW - 2 * DAY, usedAt: undefined },
  ],
}

const WRONG = { q: '', framework: '', status: '' } as const
const NOBODY = { actor: '', action: '', outcome: '' } as const
const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

/** Changes a model or a shell before it is rendered. */
export type Change = <T>(model: T) => T

const sample =
  <M>(page: (shell: Shell, model: M) => string, shell: Shell, model: M) =>
  (change: Change = (same) => same): string =>
    page(change(shell), change(model))

/** Every page as the application shows it: with much to show, with nothing, and after an error. */
export const SAMPLES: Readonly<Record<string, (change?: Change) => string>> = {
  landing: sample(pages.landingPage, { flash: 'signed-out' }, undefined),
  'sign-up': sample(pages.signUpPage, GUEST, {}),
  'sign-up-errors': sample(pages.signUpPage, GUEST, {
    values: { email: 'anna', name: '' },
    errors: { email: pages.WORDS.emailNeeded, name: pages.WORDS.nameNeeded, password: 'This password is known from a leak. Choose another one.' },
  }),
  'mail-sent': sample(pages.mailSentPage, GUEST, { about: 'sign-up' }),
  'mail-sent-reset': sample(pages.mailSentPage, GUEST, { about: 'reset' }),
  verify: sample(pages.verifyPage, GUEST, { token: 'token' }),
  'verify-errors': sample(pages.verifyPage, GUEST, { token: 'token', errors: { password: pages.WORDS.currentWrong } }),
  'link-failed': sample(pages.linkFailedPage, GUEST, { about: 'reset' }),
  'sign-in': sample(pages.signInPage, { flash: 'verified' }, { next: '/documents' }),
  'sign-in-errors': sample(pages.signInPage, GUEST, { email: 'anna@studio.example', errors: { form: pages.WORDS.signInFailed } }),
  code: sample(pages.codePage, GUEST, { code: true, passkey: true, next: '/' }),
  'code-errors': sample(pages.codePage, GUEST, { code: true, passkey: false, errors: { code: pages.WORDS.codeFailed } }),
  reset: sample(pages.resetPage, GUEST, {}),
  'reset-new': sample(pages.resetNewPage, GUEST, { token: 'token' }),
  'reset-new-errors': sample(pages.resetNewPage, GUEST, { token: 'token', errors: { password: 'Give at least 12 characters.' } }),
  'step-up': sample(pages.stepUpPage, MEMBER, { next: '/admin', password: true, code: false, passkey: true }),
  'step-up-errors': sample(pages.stepUpPage, ADMIN, { next: '/admin', password: false, code: true, passkey: true, errors: { code: pages.WORDS.codeFailed } }),
  'home-empty': sample(pages.homePage, MEMBER, { documents: [], frameworks: [], counts: { draft: 0, review: 0, approved: 0 }, secondFactor: false }),
  home: sample(pages.homePage, ADMIN, { documents: DOCUMENTS.slice(0, 6), frameworks: FRAMEWORKS, counts: { draft: 3, review: 12, approved: 1_204 }, secondFactor: true }),
  account: sample(pages.accountPage, { ...MEMBER, flash: 'saved' }, { email: 'anna@studio.example', values: { name: 'Anna Lindqvist', phone: '+49 30 1234567' } }),
  'account-errors': sample(pages.accountPage, MEMBER, { email: 'anna@studio.example', values: { name: '', phone: 'x' }, errors: { name: pages.WORDS.nameNeeded, phone: pages.WORDS.phoneWrong } }),
  'security-empty': sample(pages.securityPage, MEMBER, { apps: [], passkeys: [], recoveryCodesLeft: 0, sessions: SESSIONS.slice(0, 1) }),
  security: sample(pages.securityPage, ADMIN, { ...FACTORS, recoveryCodesLeft: 7, sessions: SESSIONS }),
  'security-errors': sample(pages.securityPage, { ...MEMBER }, { ...FACTORS, recoveryCodesLeft: 0, sessions: SESSIONS, errors: { current: pages.WORDS.currentWrong, form: pages.WORDS.tooMany } }),
  totp: sample(pages.totpPage, MEMBER, { enrolment: 'e', secret: SECRET, svg: drawQr(`otpauth://totp/Studio:anna@studio.example?secret=${SECRET}&issuer=Studio`).svg }),
  'totp-errors': sample(pages.totpPage, MEMBER, { enrolment: 'e', errors: { code: pages.WORDS.codeFailed } }),
  'recovery-codes': sample(pages.recoveryCodesPage, MEMBER, { codes: Array.from({ length: 10 }, (_, at) => `k7dm2-p9x${at}q-4hr8t-w3n6v`) }),
  'frameworks-empty': sample(pages.frameworksPage, MEMBER, { frameworks: [] }),
  frameworks: sample(pages.frameworksPage, MEMBER, { frameworks: FRAMEWORKS }),
  'framework-empty': sample(pages.frameworkPage, MEMBER, { framework: FRAMEWORKS[2]!, documents: [], viewers: [] }),
  framework: sample(pages.frameworkPage, MEMBER, { framework: FRAMEWORKS[0]!, documents: DOCUMENTS, viewers: PEOPLE.map(({ name }) => name) }),
  'documents-empty': sample(pages.documentsPage, MEMBER, { filter: WRONG, frameworks: [], documents: [], total: 0, page: 1, pages: 1 }),
  'documents-none': sample(pages.documentsPage, MEMBER, { filter: { ...WRONG, q: 'night.desk@supplier.example' }, frameworks: CHOICES, documents: [], total: 0, page: 1, pages: 1 }),
  documents: sample(pages.documentsPage, ADMIN, { filter: { q: 'policy', framework: 'fw2', status: 'review' }, frameworks: CHOICES, documents: DOCUMENTS, total: 1_219, page: 2, pages: 153 }),
  'document-new': sample(pages.newDocumentPage, MEMBER, { frameworks: CHOICES }),
  'document-new-none': sample(pages.newDocumentPage, MEMBER, { frameworks: [] }),
  'document-new-errors': sample(pages.newDocumentPage, MEMBER, { frameworks: CHOICES, values: { title: '', framework: 'fw1', status: 'draft', contact: 'nobody', body: 'Text' }, errors: { title: pages.WORDS.titleNeeded, contact: pages.WORDS.contactWrong } }),
  'document-empty': sample(pages.documentPage, { ...MEMBER, flash: 'document-created' }, { ...DOCUMENT, document: { ...DOCUMENT.document, body: '', contact: '' }, attachments: [], comments: [], viewers: DOCUMENT.viewers.slice(0, 1) }),
  document: sample(pages.documentPage, ADMIN, DOCUMENT),
  'document-read': sample(pages.documentPage, MEMBER, { ...DOCUMENT, mayEdit: false, attachments: [] }),
  'document-errors': sample(pages.documentPage, MEMBER, { ...DOCUMENT, values: { ...DOCUMENT.document, title: '' }, comment: '', errors: { title: pages.WORDS.titleNeeded, comment: pages.WORDS.commentNeeded, attachment: pages.WORDS.fileTooLarge } }),
  'admin-empty': sample(pages.adminPage, ADMIN, { people: 1, suspended: 0, withoutSecondFactor: 1, documents: 0, accessesToday: 0, latest: [] }),
  admin: sample(pages.adminPage, ADMIN, { people: 48, suspended: 2, withoutSecondFactor: 31, documents: 1_219, accessesToday: 10_442, latest: ENTRIES.slice(0, 8) }),
  people: sample(pages.peoplePage, { ...ADMIN, flash: 'rights-changed' }, { people: PEOPLE, frameworks: CHOICES }),
  'people-errors': sample(pages.peoplePage, ADMIN, { people: PEOPLE.slice(0, 1), frameworks: [], errors: { form: 'The last admin stays one. Make another person an admin first.' } }),
  'audit-empty': sample(pages.auditPage, ADMIN, { entries: [], filter: NOBODY, actors: [], page: 1, more: false }),
  audit: sample(pages.auditPage, ADMIN, { entries: ENTRIES, filter: { actor: 'p2', action: 'view', outcome: 'success' }, actors: PEOPLE.map(({ id, name }) => ({ id, name })), page: 3, more: true }),
  'not-found': sample(pages.messagePage, MEMBER, { title: 'Nothing here', says: 'This page does not exist, or it is not for you.', reference: '01999999-0000-7000-8000-000000000001' }),
} // prettier-ignore
