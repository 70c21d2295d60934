import { defineProbe, inconclusive, type Probe } from '../../probe.js'
import { assertProofTells, attempt, attemptShown, controlFailed, endText, wrongPassword, type Attempt } from './attempts.js'

const [FEW, MANY] = [10, 20]
/** Attackers who try at once. */
const AT_ONCE = 4

type Facts = {
  /** the owner signs in, in a browser that stays his */
  readonly control: Attempt
  readonly attacks: number
  /** how the last wrong password ended */
  readonly lastAttack?: Attempt
  /** the right password from a browser that nobody knows, after the attack */
  readonly stranger?: Attempt
  /** the session's cookie was gone from the owner's browser before he came back */
  readonly signedOut?: boolean | 'no-answer'
  readonly owner?: Attempt
}

const LOCATOR = 'sign-in'

/** Strangers lock an account; its owner must still get in, in the browser that he has used before. */
export const victimLockout: Probe = defineProbe<Facts>({
  id: 'AUT-012',
  name: 'victim-lockout',
  family: 'sign-in',
  title: 'Strangers can lock an owner out of his own browser',
  severity: 'medium',
  kind: 'intrusive',
  cwe: 645,
  asvs: ['6.1.1', '6.3.1'],
  needs: ['signIn', 'signIn.cookie', 'accounts.spare', 'many-addresses'],
  why: 'A lock that holds for everybody is a weapon: a few wrong passwords a quarter of an hour keep a person, or all administrators, out for as long as somebody likes.',
  fix: 'Give browsers that have signed in a device cookie and a budget of their own, so that strangers lock each other out and not the owner; the login shield does when it has a keyring and its cookies are sent on.',
  pace: 'loud',
  collect: async (context) => {
    const account = context.take('spare')
    if (account === undefined) throw inconclusive('no spare account is left: declare more under accounts.spare')
    await assertProofTells(context)
    const browser = context.client({ name: 'owner' })
    const control = await attempt(context, browser, account)
    if (control.end.kind !== 'in') return { control, attacks: 0 }
    // the stranger before the owner: his success would open the lock for everybody
    const attack = async (
      count: number,
    ): Promise<{ readonly attacks: number; readonly lastAttack?: Attempt; readonly stranger: Attempt }> => {
      const tries: Attempt[] = []
      while (tries.length < count) {
        const names = Array.from({ length: Math.min(AT_ONCE, count - tries.length) }, (_, i) => `attacker ${tries.length + i + 1}`)
        tries.push(...(await Promise.all(names.map((name) => attempt(context, context.client({ name }), account, wrongPassword(context))))))
      }
      const lastAttack = tries.at(-1)
      const stranger = await attempt(context, context.client({ name: 'stranger' }), account)
      return { attacks: count, stranger, ...(lastAttack === undefined ? {} : { lastAttack }) }
    }
    const few = await attack(FEW)
    // a right password sets the count back: the second round is the whole of it
    const attacked = few.stranger.end.kind === 'in' ? await attack(MANY) : few
    const address = browser.address
    const later = context.client({ name: 'owner, in his browser', ...(address === undefined ? {} : { address }) })
    for (const name of browser.cookies.names()) {
      const value = browser.cookies.get(name)
      if (name !== context.target.signIn?.cookie && value !== undefined) later.cookies.set(name, value)
    }
    const inside = await context.isSignedIn(later)
    const owner = await attempt(context, later, account)
    return { control, ...attacked, owner, signedOut: inside === 'no-answer' ? inside : !inside }
  },
  judge: ({ control, attacks, lastAttack, stranger, signedOut, owner }) => {
    const failed = controlFailed(LOCATOR, control)
    if (failed !== undefined) return [failed]
    if (stranger === undefined || owner === undefined)
      return [{ verdict: 'error', locator: LOCATOR, reason: 'it was not tried to the end' }]
    const evidence = [
      ...(lastAttack === undefined ? [] : attemptShown(lastAttack, `wrong password number ${attacks}, each from another address`)),
      ...attemptShown(stranger, 'the right password in an unknown browser'),
      ...attemptShown(owner, 'the right password in the owner’s browser'),
    ]
    for (const one of [stranger, owner]) {
      if (one.end.kind === 'no-answer')
        return [{ verdict: 'error', locator: LOCATOR, reason: `after the attack a sign-in got ${endText(one.end)}` }]
    }
    if (signedOut !== true) {
      const reason = 'the owner’s browser could not be signed out by leaving its session cookie away: check signIn.cookie and signIn.proof'
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    if (stranger.end.kind === 'in' || stranger.end.kind === 'factor') {
      const reason = `${attacks} wrong passwords from as many addresses locked nobody, so that it cannot be seen whom a lock would keep out (fast-guessing and slow-guessing say whether one is missing)`
      return [{ verdict: 'inconclusive', locator: LOCATOR, reason, evidence }]
    }
    if (owner.end.kind === 'in' || owner.end.kind === 'factor') {
      return [
        {
          verdict: 'pass',
          locator: LOCATOR,
          control: `the lock held for a stranger with the right password (${endText(stranger.end)}); the owner’s browser got in`,
          evidence,
        },
      ]
    }
    const says = `after ${attacks} wrong passwords by strangers the owner could not sign in with the right one either, at his own address in the browser that he had used before`
    return [{ verdict: 'fail', locator: LOCATOR, says, evidence }]
  },
})
