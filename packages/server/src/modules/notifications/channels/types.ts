import type { ChannelView, Level, NotificationKind } from '@parapet/core'
import type { OutboundRequest } from '../../../http/outbound/index.js'

/** What is told, as channels render it. Title and text are cut and free of controls, and nothing in them is a link. Times in ms UTC. */
export type Message = {
  /** of the delivery: the same at every try */
  readonly id: string
  readonly notificationId: string
  readonly kind: NotificationKind
  readonly level: Level
  readonly title: string
  readonly text: string
  readonly at: number
  /** like ones in it, itself included */
  readonly count: number
  /** the page of the console about it */
  readonly link: string | null
  /** where a person acknowledges it without signing in: only for channels whose readers are the team */
  readonly acknowledgeLink: string | null
  /** nobody acknowledged it before: 1 for the first escalation */
  readonly escalation: number
  /** the host name of this control plane */
  readonly instance: string
}

/** A channel's settings and secrets, checked. */
export type ChannelSettings = {
  readonly settings: ChannelView['settings']
  readonly secrets: Readonly<Record<string, string>>
}

/** A channel that takes HTTP: a pure rendering, and what an answer of its kind of service means. */
export type HttpChannel<Settings> = {
  /** `now`, ms UTC, is only for what has to be signed anew at each try */
  readonly render: (message: Message, settings: Settings, now: number) => OutboundRequest
  /** reads an answer of 2xx; the id that the other side gave, or why it was no success after all */
  readonly read: (body: string) => { readonly id: string | null } | { readonly problem: string }
}
