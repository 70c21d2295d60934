import { defineProbe, type Probe } from '../../probe.js'
import { lookOfBody } from './looks.js'
import { askBoth, judgeSignInNames, type SignInNames } from './name-answers.js'

/** Wrong passwords for a name that exists and for one that does not: the texts must be the same. */
export const enumerationBody: Probe = defineProbe<SignInNames>({
  id: 'AUT-008',
  name: 'enumeration-body',
  family: 'sign-in',
  title: 'The text of the sign-in tells which names exist',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 204,
  asvs: ['6.3.8'],
  needs: ['signIn', 'accounts.spare'],
  why: 'A list of names that exist is half of each password guess, and tells who is a customer.',
  fix: 'Say the same for a wrong password, an unknown name and a locked one: “the name or the password is wrong”. Do not count down the tries that are left.',
  pace: 'quiet',
  collect: askBoth,
  judge: (facts) => judgeSignInNames(facts, lookOfBody, 'text'),
})
