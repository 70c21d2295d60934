import type { DocumentStatus } from './db/database.js'

/** Frameworks of the sample data. */
export const FRAMEWORKS = [
  { name: 'SOC 2', summary: 'Trust services criteria: security, availability and confidentiality of what customers entrust to us.' },
  { name: 'ISO 27001', summary: 'The management system for information security, and the controls of its annex.' },
  { name: 'GDPR', summary: 'Personal data of people in the European Union: lawful basis, rights, and records of processing.' },
] as const

/** A document of the sample data. */
export type SampleDocument = {
  readonly owner: string
  readonly title: string
  readonly framework: string
  readonly status: DocumentStatus
  readonly contact: string
  readonly body: string
  readonly comments: readonly string[]
  readonly attachment: { readonly name: string; readonly text: string }
}

/** Documents of the sample data. */
export const DOCUMENTS: readonly SampleDocument[] = [
  {
    owner: 'ben@studio.example',
    title: 'Access control policy',
    framework: 'SOC 2',
    status: 'approved',
    contact: 'auditor@north.example',
    body: 'Access follows the role, ends with the role, and is looked through each quarter.\n\nAdministrators sign in with a second factor. Nobody shares an account.',
    comments: ['Evidence for the third quarter is attached.', 'Read and agreed.'],
    attachment: {
      name: 'access-review-q3.csv',
      text: 'system,owner,reviewed\nledger,Ben Holm,2026-09-30\nwarehouse,Anna Berg,2026-09-28\n',
    },
  },
  {
    owner: 'ben@studio.example',
    title: 'Incident response plan',
    framework: 'SOC 2',
    status: 'review',
    contact: 'auditor@north.example',
    body: 'Who is called, in which order, what is collected before anything is switched off, and who tells customers within what time.',
    comments: ['Add the numbers of the on-call rota.'],
    attachment: { name: 'call-order.txt', text: 'First the person on duty, then the head of operations, then legal.\n' },
  },
  {
    owner: 'anna@studio.example',
    title: 'Statement of applicability',
    framework: 'ISO 27001',
    status: 'draft',
    contact: 'lead.auditor@kestrel.example',
    body: 'For each control of the annex: whether it applies, why, and where it is put into practice.',
    comments: [],
    attachment: { name: 'controls.md', text: '# Controls\n\n- A.5.15 access control: applies\n- A.8.24 use of cryptography: applies\n' },
  },
  {
    owner: 'anna@studio.example',
    title: 'Risk register',
    framework: 'ISO 27001',
    status: 'review',
    contact: 'lead.auditor@kestrel.example',
    body: 'Risks with owner, likelihood, impact and treatment. Looked through by the management each half-year.',
    comments: ['The supplier of the warehouse has changed; please weigh it anew.'],
    attachment: { name: 'risks.csv', text: 'risk,owner,treatment\nlost laptop,Carla Nunes,disk encryption\n' },
  },
  {
    owner: 'carla@studio.example',
    title: 'Record of processing activities',
    framework: 'GDPR',
    status: 'approved',
    contact: 'dpo@studio.example',
    body: 'Purposes, categories of people and data, recipients, transfers, and when data is deleted.',
    comments: ['Payroll was added in May.'],
    attachment: { name: 'processing.csv', text: 'activity,basis,kept\npayroll,contract,10 years\nnewsletter,consent,until withdrawn\n' },
  },
]
