import type { NotificationView } from '@parapet/core'
import { escapeHtml } from '../../modules/notifications/index.js'

/** What a page behind a link shows: a question with a button, or what came of it. */
export type AcknowledgePage =
  | { readonly kind: 'question'; readonly notification: NotificationView; readonly token: string }
  | { readonly kind: 'done'; readonly notification: NotificationView }
  | { readonly kind: 'spent' }

const at = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

const bodyOf = (page: AcknowledgePage): readonly string[] => {
  if (page.kind === 'spent')
    return [
      '<h1>This link does nothing any more</h1>',
      '<p>It was used, has run out, or was not made here. The console shows who looks at what: sign in and open Notifications.</p>',
    ]
  const { notification } = page
  if (notification.acknowledged !== null) {
    const { by, at: when } = notification.acknowledged
    return [`<h1>Acknowledged</h1>`, `<p>By ${escapeHtml(by)}, ${at(when)}. Nobody else is called for this one.</p>`]
  }
  // a mail program that looks at links ahead of its reader must not acknowledge for him
  const action = page.kind === 'question' ? `/v1/notifications/acknowledge?token=${encodeURIComponent(page.token)}` : ''
  return [
    `<h1>${escapeHtml(notification.title)}</h1>`,
    `<p>${at(notification.at)}, ${escapeHtml(notification.level)}. Details are in the console only.</p>`,
    `<form method="post" action="${escapeHtml(action)}"><button type="submit">I am looking at it</button></form>`,
  ]
}

/** The page as HTML: no script, no style, nothing fetched; every value is escaped. */
export const acknowledgeHtml = (page: AcknowledgePage): string =>
  [
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">',
    '<meta name="robots" content="noindex"><title>Parapet: acknowledge</title></head><body><main>',
    ...bodyOf(page),
    '</main></body></html>',
  ].join('\n')
