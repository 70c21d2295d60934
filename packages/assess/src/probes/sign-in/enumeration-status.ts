import { defineProbe, type Probe } from '../../probe.js'
import { lookOfHead } from './looks.js'
import { askBoth, judgeSignInNames, type SignInNames } from './name-answers.js'

/** Wrong passwords for a name that exists and for one that does not: status, headers, cookies and where they lead must be the same. */
export const enumerationStatus: Probe = defineProbe<SignInNames>({
  id: 'AUT-008',
  name: 'enumeration-status',
  family: 'sign-in',
  title: 'Status or headers of the sign-in tell which names exist',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 204,
  asvs: ['6.3.8'],
  needs: ['signIn', 'accounts.spare'],
  why: 'A list of names that exist is half of each password guess, and tells who is a customer.',
  fix: 'Answer wrong, unknown and locked with one status, one Location and the same headers and cookies, and count failures of unknown names as well.',
  pace: 'quiet',
  collect: askBoth,
  judge: (facts) => judgeSignInNames(facts, lookOfHead, 'status and headers'),
})
