import type { SavedView } from '@parapet/core'
import { useQuery } from '@tanstack/react-query'
import { Bookmark } from 'lucide-react'
import { useState } from 'react'
import { useLocation } from 'wouter'

import { mayManage } from '../../app/api.js'
import { detect } from '../../app/detect-api.js'
import { useOperator } from '../../app/session.js'
import { Dialog } from '../../components/dialog.js'
import { TextField } from '../../components/field.js'
import { HostileText } from '../../components/hostile-text.js'
import { Failure, Loading } from '../../components/states.js'
import { SubmitForm, useSubmit } from '../../components/submit.js'
import { toasts } from '../../components/toasts.js'
import type { EventSearch } from '../../lib/event-search.js'
import { activityPath, readSearch, writeSearch } from '../../lib/event-search.js'
import { flattenHostile } from '../../lib/hostile.js'

const SaveForm = ({ search, onDone }: { readonly search: EventSearch; readonly onDone: () => void }) => {
  const operator = useOperator()
  const [name, setName] = useState('')
  const [shared, setShared] = useState(false)
  const save = useSubmit(() => detect.saveView({ name: name.trim(), query: writeSearch(search), shared }), {
    refresh: [['views']],
    onDone: () => {
      toasts.add({ title: `Kept: ${flattenHostile(name.trim(), 60)}` })
      onDone()
    },
  })
  return (
    <SubmitForm submit={save} onCancel={onDone} words={['Keep', 'Keeping…']} className="grid gap-3 border-t border-line pt-4">
      <TextField label="Keep this search as" required maxLength={80} value={name} onChange={setName} />
      {mayManage(operator) ? (
        <label className="flex items-baseline gap-2.5">
          <input type="checkbox" className="accent-accent" checked={shared} onChange={(event) => setShared(event.target.checked)} />
          Everybody sees it
        </label>
      ) : null}
    </SubmitForm>
  )
}

const View = ({ view, onOpen }: { readonly view: SavedView; readonly onOpen: () => void }) => {
  const operator = useOperator()
  const remove = useSubmit(() => detect.removeView(view.id), { refresh: [['views']] })
  const own = view.by.id === operator.id
  return (
    <li className="border-b border-line py-1.5">
      <div className="flex items-center justify-between gap-3">
        <button type="button" className="min-w-0 text-left wrap-anywhere hover:underline" onClick={onOpen}>
          <HostileText text={view.name} limit={80} expandable={false} className="font-medium" />
          <span className="ml-2 text-[0.87rem] text-ink-3">
            {view.shared ? 'shared' : 'own'}
            {own ? null : (
              <>
                {' '}
                by <HostileText text={view.by.name} limit={40} expandable={false} />
              </>
            )}
          </span>
        </button>
        {own || mayManage(operator) ? (
          <button
            type="button"
            className="button"
            disabled={remove.busy}
            aria-label={`Remove the view ${flattenHostile(view.name, 60)}`}
            onClick={remove.run}
          >
            Remove
          </button>
        ) : null}
      </div>
      {remove.error === undefined ? null : <Failure error={remove.error} compact />}
    </li>
  )
}

/** Searches under a name: one's own and those that somebody shared. */
export const Views = ({ search }: { readonly search: EventSearch }) => {
  const [open, setOpen] = useState(false)
  const [, navigate] = useLocation()
  const query = useQuery({ queryKey: ['views'], queryFn: ({ signal }) => detect.views(signal), enabled: open })
  const items = query.data?.items ?? []
  return (
    <>
      <button type="button" className="button" onClick={() => setOpen(true)}>
        <Bookmark size={15} aria-hidden />
        Views
      </button>
      <Dialog open={open} onClose={() => setOpen(false)} title="Views">
        {query.data === undefined ? (
          query.error === null ? (
            <Loading what="views" rows={3} />
          ) : (
            <Failure error={query.error} retry={() => void query.refetch()} compact />
          )
        ) : items.length === 0 ? (
          <p className="mb-4 text-ink-2">No search was kept yet.</p>
        ) : (
          <ul className="mb-4 border-t border-line">
            {items.map((view) => (
              <View
                key={view.id}
                view={view}
                onOpen={() => {
                  setOpen(false)
                  // what is kept is a query of this page, read as one: never a path
                  navigate(activityPath(readSearch(view.query)))
                }}
              />
            ))}
          </ul>
        )}
        <SaveForm search={search} onDone={() => setOpen(false)} />
      </Dialog>
    </>
  )
}
