import type { Level } from '@parapet/core'
import type { Message } from './types.js'

/** How bad, as a word of its own: colours and pictures are not seen by everybody. */
export const LEVEL_WORDS: Readonly<Record<Level, string>> = {
  critical: 'CRITICAL',
  high: 'HIGH',
  medium: 'Medium',
  low: 'Low',
  informational: 'Info',
}

/** The first line of a message. */
export const headline = ({ level, title, escalation }: Pick<Message, 'level' | 'title' | 'escalation'>): string =>
  `${escalation > 0 ? 'Not acknowledged: ' : ''}[${LEVEL_WORDS[level]}] ${title}`

/** How many like it there are, in words; nothing for one alone. */
export const countWords = (count: number): string => (count <= 1 ? '' : `${count} like this one are in this message.`)

/** When and where from, in one line that every reader understands wherever he is. */
export const footer = ({ at, instance }: Pick<Message, 'at' | 'instance'>): string =>
  `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC · Parapet at ${instance}`

/** All that a message says below its headline, by paragraphs. */
export const paragraphs = (message: Message): string[] => [message.text, countWords(message.count)].filter((each) => each !== '')
