import type { Alert, AlertDetail } from '@parapet/core'

/** The rule by which the server tells that a source or its agent says nothing any more. */
export const SILENT_RULE: {
  readonly id: string
  readonly rule: Alert['rule']
  readonly words: Pick<AlertDetail['rule'], 'description' | 'inWords' | 'falsePositives'>
} = {
  id: 'silent-source',
  rule: { id: 'silent-source', title: 'A source says nothing any more', level: 'medium', tags: ['attack.t1562'], version: '1' },
  words: {
    description: 'A source that sent events before sends none now. Whoever breaks into a machine stops its logs early.',
    inWords: 'Fires when a source has sent no event, or its agent no heartbeat, for longer than is allowed for it.',
    falsePositives: ['A host that was shut down on purpose', 'An application that nobody uses at night: allow it a longer time'],
  },
}
