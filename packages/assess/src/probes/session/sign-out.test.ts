import { describe, expect, it } from 'vitest'
import { answered, inShort, runOn, SILENT } from './fixtures/run-probe.js'
import { LITTLE_TARGET } from './fixtures/little-app.js'
import { signOut, type SignOutFacts } from './sign-out.js'

const { signIn } = LITTLE_TARGET

describe('sign-out, before a real server', () => {
  it('passes where the session ends on the server', async () => {
    expect(inShort(signOut, await runOn(signOut, []))).toEqual(['pass POST /sign-out'])
  })

  it('finds a server that only takes the cookie from the browser', async () => {
    const verdicts = await runOn(signOut, ['sign-out-forgets'])
    expect(inShort(signOut, verdicts)).toEqual(['fail medium POST /sign-out'])
    expect(verdicts[0]).toMatchObject({
      evidence: [
        { url: '/sign-out', status: 303 },
        { url: '/me', status: 200 },
      ],
    })
  })

  it('makes no finding of a sign-out that was declared wrongly and refused', async () => {
    const target = signIn === undefined ? {} : { signIn: { ...signIn, signOut: { path: '/nowhere', form: {} } } }
    expect(inShort(signOut, await runOn(signOut, [], { target }))).toEqual(['inconclusive POST /nowhere'])
  })
})

const sound: SignOutFacts = {
  nobody: answered(303),
  copyBefore: answered(200),
  signOut: answered(303, { method: 'POST', url: '/sign-out' }),
  owner: answered(303),
  copyAfter: answered(303),
}

describe('the judge of sign-out', () => {
  it.each<[string, Partial<SignOutFacts>, string]>([
    ['the copy is dead', {}, 'pass'],
    ['the copy lives', { copyAfter: answered(200) }, 'fail'],
    ['the copy lives and so does the original', { copyAfter: answered(200), owner: answered(200) }, 'fail'],
    ['the copy never worked', { copyBefore: answered(303), copyAfter: answered(303) }, 'inconclusive'],
    ['the sign-out was refused', { signOut: answered(403), copyAfter: answered(200) }, 'inconclusive'],
    ['who signed out is in with other cookies', { owner: answered(200) }, 'inconclusive'],
    ['an outage afterwards', { copyAfter: answered(502) }, 'inconclusive'],
    ['a limit afterwards', { copyAfter: answered(429) }, 'inconclusive'],
    ['an outage for the owner', { owner: answered(500) }, 'inconclusive'],
    ['the sign-out gave no answer', { signOut: SILENT }, 'error'],
    ['proof opens for nobody', { nobody: answered(200), copyAfter: answered(200) }, 'inconclusive'],
    ['nobody got no answer', { nobody: SILENT }, 'error'],
  ])('%s', (_, more, verdict) => {
    expect(signOut.judge({ ...sound, ...more }).map((one) => one.verdict)).toEqual([verdict])
  })
})
