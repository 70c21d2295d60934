import { CHANNEL_KINDS, type ChannelView, LEVELS, NOTIFICATION_KINDS, type NotificationRoute, type NotificationView } from '@parapet/core'
import { z } from 'zod'
import { line } from './query-schemas.js'

const ms = z.int().meta({ description: 'milliseconds since 1970, UTC' })
const level = z.enum(LEVELS)
const kind = z.enum(NOTIFICATION_KINDS)
const named = z.object({ id: z.string(), name: z.string() })
const minutes = z.int().min(0).max(10_080)
const channelIds = z.array(line(64)).max(50)

const setting = z.union([z.string().max(2_048), z.number(), z.boolean(), z.array(z.string().max(320)).max(50)])

/** Settings of a channel as they come in; each kind has its own, checked by the module. */
export const settingsSchema = z.record(line(32), setting)
/** Secrets of a channel as they come in. They never go out. */
export const secretsSchema = z.record(line(32), z.string().max(2_048))

/** A channel as it is shown. */
export const channelSchema = z
  .object({
    id: z.string(),
    kind: z.enum(CHANNEL_KINDS),
    name: z.string(),
    target: z.string(),
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())])),
    enabled: z.boolean(),
    lastSentAt: ms.nullable(),
    lastError: z.string().nullable(),
  })
  .meta({ id: 'NotificationChannel' }) satisfies z.ZodType<ChannelView>

/** A route, as it comes in and goes out. */
export const routeSchema = z
  .strictObject({
    id: line(64),
    name: line(100),
    minLevel: level,
    kinds: z.array(kind).max(NOTIFICATION_KINDS.length),
    channels: channelIds,
    quiet: z
      .strictObject({
        from: z.int().min(0).max(1_439).meta({ description: 'minute of the day' }),
        to: z.int().min(0).max(1_439).meta({ description: 'minute of the day; smaller than `from`: over midnight' }),
        zone: line(64).meta({ description: 'such as Europe/Berlin' }),
        weekdays: z.array(z.int().min(0).max(6)).max(7).meta({ description: 'on which it begins; 0 is Sunday; every day when empty' }),
      })
      .nullable(),
    groupMinutes: minutes.max(1_440),
    escalate: z.array(z.strictObject({ afterMinutes: minutes.min(1), channels: channelIds.min(1) })).max(5),
    continue: z.boolean(),
  })
  .meta({ id: 'NotificationRoute' }) satisfies z.ZodType<NotificationRoute>

/** A notification with its receipts. */
export const notificationSchema = z
  .object({
    id: z.string(),
    kind,
    level,
    title: z.string(),
    text: z.string(),
    href: z.string().nullable(),
    at: ms,
    count: z.int(),
    state: z.enum(['waiting', 'quiet', 'sent', 'failed', 'acknowledged', 'no_route']),
    acknowledged: z.object({ at: ms, by: z.string() }).nullable(),
    escalations: z.int(),
    receipts: z.array(
      z.object({
        channel: named,
        state: z.enum(['waiting', 'sent', 'failed']),
        attempts: z.int(),
        at: ms.nullable(),
        detail: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'Notification' }) satisfies z.ZodType<NotificationView>
