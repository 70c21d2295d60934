import type { OperatorView } from '@parapet/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { ShieldAlert, ShieldCheck, UserPlus } from 'lucide-react'
import { useMemo, useState } from 'react'
import { Link } from 'wouter'

import { account } from '../../app/account-api.js'
import { mayManage } from '../../app/api.js'
import { keepRowFocus } from '../../app/row-focus.js'
import { useOperator } from '../../app/session.js'
import { ConfirmDialog } from '../../components/confirm-dialog.js'
import type { CellLayout, Columns } from '../../components/data-table.js'
import { DataTable } from '../../components/data-table.js'
import { HostileText } from '../../components/hostile-text.js'
import { useTitle } from '../../components/page-title.js'
import { Empty, Failure, Loading } from '../../components/states.js'
import { Ago } from '../../components/time.js'
import { toasts } from '../../components/toasts.js'
import { flattenHostile } from '../../lib/hostile.js'
import { AddOperator } from './add-operator.js'
import { ResetDialog } from './reset-dialog.js'
import { ROLE_WORDS } from './role-words.js'

type Act = 'role' | 'reset' | 'remove'
type Asked = { readonly act: Act; readonly operator: OperatorView }

const Standing = ({ operator }: { readonly operator: OperatorView }) => {
  if (operator.resetPending) return <span className="font-medium text-medium">Link handed out</span>
  const Icon = operator.secured ? ShieldCheck : ShieldAlert
  return (
    <span className={`inline-flex items-baseline gap-1.5 ${operator.secured ? 'text-ink-2' : 'text-medium'}`}>
      <Icon size={15} aria-hidden className="self-center" />
      {operator.secured ? 'Second factor' : 'Password only'}
    </span>
  )
}

const Acts = ({
  operator,
  own,
  onAsk,
}: {
  readonly operator: OperatorView
  readonly own: boolean
  readonly onAsk: (asked: Asked) => void
}) => {
  if (own)
    return (
      <Link href="/account" className="link">
        Your account
      </Link>
    )
  const name = flattenHostile(operator.name, 60)
  return (
    <span className="flex flex-wrap gap-1 lg:justify-end">
      {(
        [
          ['role', operator.role === 'admin' ? 'Make viewer' : 'Make admin'],
          ['reset', 'Reset'],
          ['remove', 'Remove'],
        ] as const
      ).map(([act, word]) => (
        <button key={act} type="button" className="button" aria-label={`${word}: ${name}`} onClick={() => onAsk({ act, operator })}>
          {word}
        </button>
      ))}
    </span>
  )
}

const columnsOf = (self: string, onAsk: (asked: Asked) => void): Columns<OperatorView> => [
  {
    id: 'name',
    header: 'Name',
    cell: ({ row }) => (
      <>
        <HostileText text={row.original.name} limit={80} className="font-medium" />
        {row.original.id === self ? <span className="ml-1.5 text-ink-3">you</span> : null}
      </>
    ),
  },
  { id: 'role', header: 'Role', cell: ({ row }) => ROLE_WORDS[row.original.role].name },
  { id: 'standing', header: 'Signs in with', cell: ({ row }) => <Standing operator={row.original} /> },
  {
    id: 'last',
    header: 'Last sign-in',
    cell: ({ row }) => (row.original.lastSignInAt === null ? 'never' : <Ago at={row.original.lastSignInAt} />),
  },
  {
    id: 'acts',
    header: () => <span className="sr-only">What you can do</span>,
    cell: ({ row }) => <Acts operator={row.original} own={row.original.id === self} onAsk={onAsk} />,
  },
]

const layout: CellLayout = {
  name: { wide: true },
  role: { className: 'lg:w-28' },
  standing: { className: 'lg:w-44' },
  last: { label: 'Last sign-in', className: 'lg:w-32 text-ink-2' },
  acts: { wide: true, end: true, className: 'lg:w-80' },
}

const Question = ({ asked, onDone, onClose }: { readonly asked: Asked; readonly onDone: () => void; readonly onClose: () => void }) => {
  const { act, operator } = asked
  const name = <HostileText text={operator.name} limit={80} className="font-medium text-ink" />
  if (act === 'reset') return <ResetDialog operator={operator} onDone={onDone} onClose={onClose} />
  const shown = flattenHostile(operator.name, 60)
  if (act === 'remove') {
    return (
      <ConfirmDialog
        title="Remove this operator?"
        words={['Remove', 'Removing…']}
        act={async () => {
          await account.removeOperator(operator.id)
          keepRowFocus([operator.id])
          toasts.add({ title: `Removed: ${shown}` })
          onDone()
        }}
        onClose={onClose}
      >
        <p>{name} is signed out everywhere and cannot come back. The tokens they made for themselves are revoked; those of sources stay.</p>
        <p>What they did stays in the record.</p>
      </ConfirmDialog>
    )
  }
  const role = operator.role === 'admin' ? 'viewer' : 'admin'
  return (
    <ConfirmDialog
      title={role === 'admin' ? 'Make this operator an admin?' : 'Make this operator a viewer?'}
      words={[`Make ${role}`, 'Changing…']}
      act={async () => {
        await account.changeRole(operator.id, role)
        toasts.add({ title: `${shown} is ${role === 'admin' ? 'an admin' : 'a viewer'} now` })
        onDone()
      }}
      onClose={onClose}
    >
      <p>
        {name} then {ROLE_WORDS[role].means}. They are signed out and sign in again
        {role === 'viewer' ? '; tokens of theirs that reach further are revoked' : ''}.
      </p>
    </ConfirmDialog>
  )
}

/** Who may sign in, and what admins do about it. */
export const Operators = () => {
  useTitle('Operators')
  const self = useOperator()
  const client = useQueryClient()
  const [adding, setAdding] = useState(false)
  const [asked, setAsked] = useState<Asked>()
  const may = mayManage(self)
  const query = useQuery({ queryKey: ['operators'], queryFn: ({ signal }) => account.operators(signal), enabled: may })
  const changed = (): void => void client.invalidateQueries({ queryKey: ['operators'] })
  const columns = useMemo(() => columnsOf(self.id, setAsked), [self.id])
  const items = query.data?.items ?? []
  const open = items.filter(({ secured }) => !secured).length
  return (
    <>
      <div className="mb-4 flex flex-wrap items-end justify-between gap-4">
        <h1 className="text-3xl font-semibold tracking-tight">Operators</h1>
        {may ? (
          <button type="button" className="button" data-kind="primary" onClick={() => setAdding(true)}>
            <UserPlus size={15} aria-hidden />
            Add an operator
          </button>
        ) : null}
      </div>
      {!may ? (
        <Empty title="Admins see this page">Ask one of them when somebody needs a way in, or should lose it.</Empty>
      ) : query.data === undefined ? (
        query.error === null ? (
          <Loading what="operators" />
        ) : (
          <Failure error={query.error} retry={() => void query.refetch()} />
        )
      ) : (
        <>
          {query.error === null ? null : (
            <div className="mb-4">
              <Failure error={query.error} retry={() => void query.refetch()} compact />
            </div>
          )}
          <p className="mb-3 text-ink-2">
            {open === 0
              ? 'Everybody has a second factor.'
              : `${open} of ${items.length} with a password only. The setting sessions.requireMfa asks everybody for more.`}
          </p>
          <DataTable label="Operators" columns={columns} rows={items} layout={layout} />
        </>
      )}
      {adding ? (
        <AddOperator
          onDone={(name) => {
            toasts.add({ title: `Added: ${flattenHostile(name, 60)}` })
            changed()
          }}
          onClose={() => setAdding(false)}
        />
      ) : null}
      {asked === undefined ? null : <Question asked={asked} onDone={changed} onClose={() => setAsked(undefined)} />}
    </>
  )
}
