import type { ChannelKind, ChannelView, Level, NotificationKind, NotificationRoute, NotificationView, Page } from '@parapet/core'
import type { PoolClient } from 'pg'

/** Something that people have to be told. Title and text are plain words: no markup, and what is hostile in them is made harmless for each channel. */
export type NewNotification = {
  readonly kind: NotificationKind
  /** `critical` waits for nobody: no quiet hours */
  readonly level: Level
  /** a line; cut at 200 characters */
  readonly title: string
  /** plain sentences; cut at 2,000 characters */
  readonly text: string
  /** a path of the console, such as `/incidents/ID` */
  readonly href?: string
  /** `administrators`: what no route takes goes to every channel that is on; `security` by default */
  readonly audience?: 'security' | 'administrators'
  /** like ones share it and become one message with a count; kind and title by default. May name somebody: only a keyed hash is stored */
  readonly group?: string
  /** told once for each key, whoever says it and how often: `lockdown:ID:started`. Only a keyed hash is stored */
  readonly key?: string
  /** the alert that it is about: that alert is then not told a second time */
  readonly alertId?: string
}

/** A mail of its own, beside routes and channels: to a user, to an operator. */
export type Mail = {
  /** becomes the Message-ID: a mail that is sent again under the same id is seen as the same by who looks. Other characters than letters, digits, hyphens and dots are left out of it */
  readonly id: string
  /** one address */
  readonly to: string
  readonly subject: string
  /** plain text, sent as it is */
  readonly text: string
  /** stand below the text, and as buttons in HTML, which is only made when there are some */
  readonly links?: readonly { readonly label: string; readonly url: string }[]
}

/** What came of sending. `id`: what the other side calls it. `retry`: it may be better later, and not before `afterMs`. */
export type SendResult =
  | { readonly ok: true; readonly detail: string; readonly id: string | null }
  | { readonly ok: false; readonly retry: boolean; readonly detail: string; readonly afterMs: number | null }

/** A channel as somebody writes it. */
export type ChannelInput = {
  readonly kind: ChannelKind
  readonly name: string
  readonly enabled: boolean
  readonly settings: ChannelView['settings']
  /** never shown again; in a change, one that is left out stays */
  readonly secrets: Readonly<Record<string, string>>
}

/** Telling people. */
export type Notifications = {
  /**
   * Puts a notification into the outbox within a transaction of the caller: it is told when that commits, and never when it does not. Answers
   * its id; of one whose key was told before, the id of that. Only inserts: it waits for no other transaction but one with the same key.
   */
  readonly enqueueIn: (client: Pick<PoolClient, 'query'>, notification: NewNotification) => Promise<string>
  /** The same in a transaction of its own. Errors: `PPT_DATABASE_UNAVAILABLE`. */
  readonly enqueue: (notification: NewNotification) => Promise<string>
  /** True when mails can be sent at all: `notifications.smtp` is set. */
  readonly canMail: boolean
  /** Sends a mail now, at most 45 s long; never throws. Who calls it throttles it and tries again. */
  readonly sendMail: (mail: Mail) => Promise<SendResult>
  readonly list: (filter: {
    readonly state?: NotificationView['state'] | undefined
    readonly cursor?: string | undefined
    readonly limit: number
  }) => Promise<Page<NotificationView>>
  /** Errors: `PPT_NOT_FOUND`. One that is acknowledged already stays as it is. */
  readonly acknowledge: (id: string, by: string) => Promise<NotificationView>
  /** What a link from a mail stands for. Errors: `PPT_ACKNOWLEDGE_LINK`. */
  readonly readLink: (token: string) => Promise<NotificationView>
  /** Acknowledges by such a link, which is then used up. Errors: `PPT_ACKNOWLEDGE_LINK`. */
  readonly acknowledgeByLink: (token: string) => Promise<NotificationView>
  readonly channels: {
    readonly list: () => Promise<readonly ChannelView[]>
    /** Errors: `PPT_INVALID`, `PPT_CONFLICT`. */
    readonly create: (input: ChannelInput) => Promise<ChannelView>
    /** Errors: `PPT_NOT_FOUND`, `PPT_INVALID`. */
    readonly change: (id: string, change: Partial<Omit<ChannelInput, 'kind'>>) => Promise<ChannelView>
    /** Errors: `PPT_NOT_FOUND`, `PPT_CONFLICT` while a route names it. */
    readonly remove: (id: string) => Promise<void>
    /** Sends a message of kind `test` now, past routes and quiet hours. Errors: `PPT_NOT_FOUND`. */
    readonly test: (id: string) => Promise<{ readonly ok: boolean; readonly detail: string; readonly ms: number }>
  }
  readonly routes: {
    readonly list: () => Promise<readonly NotificationRoute[]>
    /** Takes the place of the whole list. Errors: `PPT_INVALID`. */
    readonly replace: (routes: readonly NotificationRoute[]) => Promise<readonly NotificationRoute[]>
  }
  /** Forgets what is older than 90 days. */
  readonly sweep: () => Promise<number>
}
