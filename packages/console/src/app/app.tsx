import { CSPProvider } from '@base-ui/react/csp-provider'
import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { lazy, Suspense, useEffect, useSyncExternalStore } from 'react'
import { Redirect, Route, Switch, useLocation } from 'wouter'

import { Fault } from '../components/fault.js'
import { Failure, Loading } from '../components/states.js'
import { asApiError } from '../lib/problem.js'
import { api } from './api.js'
import { OperatorContext, onSignedOut } from './session.js'
import { Shell } from './shell.js'
import { answerStepUp, stepUpStore } from './step-up.js'

const Now = lazy(async () => ({ default: (await import('../pages/now/now.js')).Now }))
const Triage = lazy(async () => ({ default: (await import('../pages/triage/triage.js')).Triage }))
const GroupPage = lazy(async () => ({ default: (await import('../pages/triage/group.js')).GroupPage }))
const Activity = lazy(async () => ({ default: (await import('../pages/activity/activity.js')).Activity }))
const Rules = lazy(async () => ({ default: (await import('../pages/rules/rules.js')).Rules }))
const RulePage = lazy(async () => ({ default: (await import('../pages/rules/rule.js')).RulePage }))
const Sources = lazy(async () => ({ default: (await import('../pages/sources/sources.js')).Sources }))
const Alerts = lazy(async () => ({ default: (await import('../pages/alerts/alerts.js')).Alerts }))
const AlertPage = lazy(async () => ({ default: (await import('../pages/alerts/alert.js')).AlertPage }))
const Decisions = lazy(async () => ({ default: (await import('../pages/decisions/decisions.js')).Decisions }))
const SubjectPages = lazy(async () => ({ default: (await import('../pages/subjects/area.js')).SubjectPages }))
const IncidentPages = lazy(async () => ({ default: (await import('../pages/incidents/area.js')).IncidentPages }))
const Notifications = lazy(async () => ({ default: (await import('../pages/notifications/notifications.js')).Notifications }))
const DecisionPage = lazy(async () => ({ default: (await import('../pages/decisions/decision.js')).DecisionPage }))
const Policies = lazy(async () => ({ default: (await import('../pages/policies/policies.js')).Policies }))
const PolicyPage = lazy(async () => ({ default: (await import('../pages/policies/policy.js')).PolicyPage }))
const Enforcers = lazy(async () => ({ default: (await import('../pages/enforcers/enforcers.js')).Enforcers }))
const SignIn = lazy(async () => ({ default: (await import('../pages/sign-in/sign-in.js')).SignIn }))
const Setup = lazy(async () => ({ default: (await import('../pages/setup/setup.js')).Setup }))
const Reset = lazy(async () => ({ default: (await import('../pages/reset/reset.js')).Reset }))
const Enrol = lazy(async () => ({ default: (await import('../pages/enrol/enrol.js')).Enrol }))
const Account = lazy(async () => ({ default: (await import('../pages/account/account.js')).Account }))
const Operators = lazy(async () => ({ default: (await import('../pages/operators/operators.js')).Operators }))
const StepUpDialog = lazy(async () => ({ default: (await import('../components/step-up-dialog.js')).StepUpDialog }))
const NotFound = lazy(async () => ({ default: (await import('../pages/not-found.js')).NotFound }))

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      // what the server answered is an answer; only silence and its own trouble are worth another try
      retry: (failures, error) => {
        const { status } = asApiError(error)
        return failures < 2 && (status === 0 || status >= 500)
      },
      retryDelay: (attempt) => Math.min(4_000, 500 * 2 ** attempt),
      // the console shows what it has while the line is down, and says so
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

const here = (): string => location.pathname + location.search

/** Shown while an act waits for a proof; nobody waits any more once it is gone. */
const StepUp = () => {
  const asked = useSyncExternalStore(stepUpStore.subscribe, stepUpStore.isAsked)
  useEffect(() => () => answerStepUp(false), [])
  return asked ? (
    <Suspense fallback={null}>
      <StepUpDialog />
    </Suspense>
  ) : null
}

/** Lets only a signed-in operator through; everybody else goes to the sign-in page and comes back. */
const Gate = ({ children }: { readonly children: ReactNode }) => {
  const queries = useQueryClient()
  const [, navigate] = useLocation()
  const session = useQuery({ queryKey: ['session'], queryFn: api.session, staleTime: 300_000 })
  useEffect(
    () =>
      onSignedOut(() => {
        navigate(`/sign-in?next=${encodeURIComponent(here())}`, { replace: true })
        queries.clear()
      }),
    [navigate, queries],
  )
  const signedOut = session.error !== null && asApiError(session.error).status === 401
  if (signedOut) return <Redirect to={`/sign-in?next=${encodeURIComponent(here())}`} replace />
  if (session.data !== undefined) {
    return (
      <OperatorContext value={session.data}>
        {session.data.mustEnrol === true ? <Enrol /> : children}
        <StepUp />
      </OperatorContext>
    )
  }
  return (
    <main className="mx-auto max-w-xl px-4 py-24">
      {session.error === null ? (
        <Loading what="the console" rows={3} />
      ) : (
        <Failure error={session.error} retry={() => void session.refetch()} />
      )}
    </main>
  )
}

/** The whole console. */
export const App = () => (
  <CSPProvider disableStyleElements>
    <QueryClientProvider client={client}>
      <Fault>
        <Suspense fallback={null}>
          <Switch>
            <Route path="/sign-in">
              <SignIn />
            </Route>
            <Route path="/setup">
              <Setup />
            </Route>
            <Route path="/reset">
              <Reset />
            </Route>
            <Route>
              <Gate>
                <Shell>
                  <Suspense fallback={<Loading what="the page" />}>
                    <Switch>
                      <Route path="/">
                        <Now />
                      </Route>
                      <Route path="/triage">
                        <Triage />
                      </Route>
                      <Route path="/triage/:key">{(params) => <GroupPage key={params.key} groupKey={params.key} />}</Route>
                      <Route path="/activity">
                        <Activity />
                      </Route>
                      <Route path="/rules">
                        <Rules />
                      </Route>
                      <Route path="/rules/:id">{(params) => <RulePage key={params.id} id={params.id} />}</Route>
                      <Route path="/sources">
                        <Sources />
                      </Route>
                      <Route path="/alerts">
                        <Alerts />
                      </Route>
                      <Route path="/alerts/:id">{(params) => <AlertPage key={params.id} id={params.id} />}</Route>
                      <Route path="/decisions">
                        <Decisions />
                      </Route>
                      <Route path="/subjects/*?">
                        <SubjectPages />
                      </Route>
                      <Route path="/incidents/*?">
                        <IncidentPages />
                      </Route>
                      <Route path="/notifications">
                        <Notifications />
                      </Route>
                      <Route path="/decisions/:id">{(params) => <DecisionPage key={params.id} id={params.id} />}</Route>
                      <Route path="/policies">
                        <Policies />
                      </Route>
                      <Route path="/policies/:id">{(params) => <PolicyPage key={params.id} id={params.id} />}</Route>
                      <Route path="/enforcers">
                        <Enforcers />
                      </Route>
                      <Route path="/account">
                        <Account />
                      </Route>
                      <Route path="/operators">
                        <Operators />
                      </Route>
                      <Route>
                        <NotFound />
                      </Route>
                    </Switch>
                  </Suspense>
                </Shell>
              </Gate>
            </Route>
          </Switch>
        </Suspense>
      </Fault>
    </QueryClientProvider>
  </CSPProvider>
)
