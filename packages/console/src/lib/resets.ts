import type { ResetCampaign, ResetScope } from '@parapet/core'

import { count, plural } from './format.js'

/** Whom a campaign is for, in words; the name of a role is hostile. */
export const scopeInWords = (scope: ResetScope): string =>
  scope.kind === 'all' ? 'everybody' : scope.kind === 'role' ? `everybody with the role ${scope.role}` : plural(scope.ids.length, 'user')

/** Mails a minute when nobody says otherwise. */
export const PER_MINUTE = 60

/** How long mails take at so many a minute, in minutes, rounded up. */
export const minutesOfMail = (mails: number, perMinute: number): number => (perMinute < 1 ? 0 : Math.ceil(mails / perMinute))

/** What a dry run found, one sentence each. `mail`: whether they will be told. */
export const dryRunInWords = (found: ResetCampaign, mail: boolean, perMinute: number): readonly string[] => {
  const { queued, noAddress } = found.mails
  const minutes = minutesOfMail(queued, perMinute)
  return [
    `${plural(found.subjects, 'user')} ${found.subjects === 1 ? 'gets' : 'get'} a new password to set; ${
      found.sessionsEnded === 0 ? 'nobody is signed in now' : `${plural(found.sessionsEnded, 'session')} end at once`
    }.`,
    mail
      ? `${plural(queued, 'mail')} ${queued === 1 ? 'goes' : 'go'} out, ${count(perMinute)} a minute${
          minutes <= 1 ? '' : `: the last one after ${minutes < 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`}`
        }.`
      : 'Nobody is told by mail: they learn of it at their next sign-in.',
    ...(mail && noAddress > 0
      ? [`${plural(noAddress, 'user')} ${noAddress === 1 ? 'has' : 'have'} no mail address here: tell them another way.`]
      : []),
  ]
}

/** A part of a whole as a whole percentage, and never 100 before the end. */
export const percent = (part: number, whole: number): number =>
  whole <= 0 ? 100 : part >= whole ? 100 : Math.min(99, Math.max(0, Math.floor((part / whole) * 100)))

/** What must be typed before all users are reset: a count that only who has read it knows. */
export const phraseFor = (subjects: number): string => `reset ${subjects}`
