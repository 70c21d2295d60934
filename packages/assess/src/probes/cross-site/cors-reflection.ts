import { defineProbe, type Probe } from '../../probe.js'
import { collectCors, type CorsFacts, foreignOrigins, judgeCors } from './cors-facts.js'

/** No other origin may read what a signed-in visitor sees. Source: ASVS 5.0 V3.4.2, CWE-942. */
export const corsReflection: Probe = defineProbe<CorsFacts>({
  id: 'CFG-007',
  name: 'cors-reflection',
  family: 'cross-site',
  title: 'Scripts of other origins read signed-in answers',
  severity: 'high',
  kind: 'active',
  cwe: 942,
  asvs: ['3.4.2'],
  needs: ['signIn', 'accounts.a'],
  why: 'Where the answer names whatever origin asked and allows cookies, every page on the net reads what its visitor may read here.',
  fix: 'Compare Origin with a list of whole origins, scheme and port included; send Access-Control-Allow-Credentials to nobody else, and nothing where no other site needs the answer.',
  pace: 'quiet',
  collect: (context) => collectCors(context, foreignOrigins(context.publicOrigin)),
  judge: judgeCors,
})
