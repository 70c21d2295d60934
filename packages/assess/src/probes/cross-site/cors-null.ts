import { defineProbe, type Probe } from '../../probe.js'
import { collectCors, type CorsFacts, judgeCors } from './cors-facts.js'

/** `null` is no origin to be trusted: any sandboxed frame has it. Source: ASVS 5.0 V3.4.2, CWE-942. */
export const corsNull: Probe = defineProbe<CorsFacts>({
  id: 'CFG-007',
  name: 'cors-null',
  family: 'cross-site',
  title: 'The origin null is trusted',
  severity: 'high',
  kind: 'active',
  cwe: 942,
  asvs: ['3.4.2'],
  needs: ['signIn', 'accounts.a'],
  why: 'Every page can make a sandboxed frame whose origin is null, and read through it whatever null may read.',
  fix: 'Never allow the origin null; local files and sandboxed frames share it with everybody.',
  pace: 'quiet',
  collect: (context) => collectCors(context, [{ origin: 'null', who: 'any sandboxed frame', severity: 'high' }]),
  judge: judgeCors,
})
