/** Starts the application: language, token in the address, router. */
import './main.css'
import { Route, Router } from '@solidjs/router'
import { QueryClientProvider } from '@tanstack/solid-query'
import { lazy } from 'solid-js'
import { render } from 'solid-js/web'
import { startLanguage } from './i18n/language.ts'
import { NotFound } from './pages/not-found.tsx'
import { forWhom } from './parts/for-whom.tsx'
import { Shell } from './parts/shell.tsx'
import { ROUTES } from './paths.ts'
import { applyTheme } from './preferences.ts'
import { watchPresence } from './presence.ts'
import { queries, queryClient } from './queries.ts'
import { isFirstRun, signIn, takeToken } from './session.ts'

const page = {
  overview: lazy(() => import('./pages/overview.tsx')),
  signIn: lazy(() => import('./pages/sign-in.tsx')),
  resources: lazy(() => import('./pages/resources.tsx')),
  topology: lazy(() => import('./pages/topology.tsx')),
  hardware: lazy(() => import('./pages/hardware.tsx')),
  racks: lazy(() => import('./pages/racks.tsx')),
  ownership: lazy(() => import('./pages/ownership.tsx')),
  resource: lazy(() => import('./pages/resource.tsx')),
  agents: lazy(() => import('./pages/agents.tsx')),
  sources: lazy(() => import('./pages/sources.tsx')),
  source: lazy(() => import('./pages/source.tsx')),
  rollouts: lazy(() => import('./pages/rollouts.tsx')),
  quarantine: lazy(() => import('./pages/quarantine.tsx')),
  accounting: lazy(() => import('./pages/accounting.tsx')),
  prices: lazy(() => import('./pages/prices.tsx')),
  plans: lazy(() => import('./pages/plans.tsx')),
  plan: lazy(() => import('./pages/plan.tsx')),
  services: lazy(() => import('./pages/services.tsx')),
  coupons: lazy(() => import('./pages/coupons.tsx')),
  invoices: lazy(() => import('./pages/invoices.tsx')),
  recalculation: lazy(() => import('./pages/recalculation.tsx')),
  priceChanges: lazy(() => import('./pages/price-changes.tsx')),
  priceChange: lazy(() => import('./pages/price-change.tsx')),
  whatIf: lazy(() => import('./pages/what-if.tsx')),
  closes: lazy(() => import('./pages/closes.tsx')),
  margins: lazy(() => import('./pages/margins.tsx')),
  idle: lazy(() => import('./pages/idle.tsx')),
  costs: lazy(() => import('./pages/costs.tsx')),
  priceIndexes: lazy(() => import('./pages/price-indexes.tsx')),
  mails: lazy(() => import('./pages/mails.tsx')),
  queues: lazy(() => import('./pages/queues.tsx')),
  reconciliation: lazy(() => import('./pages/reconciliation.tsx')),
  close: lazy(() => import('./pages/close.tsx')),
  draft: lazy(() => import('./pages/draft.tsx')),
  reRating: lazy(() => import('./pages/re-rating.tsx')),
  invoice: lazy(() => import('./pages/invoice.tsx')),
  accounts: lazy(() => import('./pages/accounts.tsx')),
  audit: lazy(() => import('./pages/audit.tsx')),
  forgotten: lazy(() => import('./pages/forgotten-password.tsx')),
  reset: lazy(() => import('./pages/reset-password.tsx')),
  acceptInvitation: lazy(() => import('./pages/accept-invitation.tsx')),
  confirmEmail: lazy(() => import('./pages/confirm-email.tsx')),
  firstOwner: lazy(() => import('./pages/first-owner.tsx')),
  profile: lazy(() => import('./pages/profile.tsx')),
  people: lazy(() => import('./pages/people.tsx')),
  settings: lazy(() => import('./pages/settings.tsx')),
  myHome: lazy(() => import('./pages/my-home.tsx')),
  myUsage: lazy(() => import('./pages/my-usage.tsx')),
  myBill: lazy(() => import('./pages/my-bill.tsx')),
  myAccount: lazy(() => import('./pages/my-account.tsx')),
}

function App() {
  applyTheme()
  watchPresence()
  return (
    <QueryClientProvider client={queryClient}>
      <Router>
        <Route path={ROUTES.signIn} component={page.signIn} />
        <Route path={ROUTES.forgotten} component={page.forgotten} />
        <Route path={ROUTES.reset} component={page.reset} />
        <Route path={ROUTES.acceptInvitation} component={page.acceptInvitation} />
        <Route path={ROUTES.confirmEmail} component={page.confirmEmail} />
        <Route path={ROUTES.firstOwner} component={page.firstOwner} />
        <Route component={Shell}>
          <Route path={ROUTES.overview} component={forWhom(page.overview, page.myHome)} />
          <Route path={ROUTES.resources} component={page.resources} />
          <Route path={ROUTES.topology} component={forWhom(page.topology, NotFound)} />
          <Route path={ROUTES.hardware} component={forWhom(page.hardware, NotFound)} />
          <Route path={ROUTES.racks} component={forWhom(page.racks, NotFound)} />
          <Route path={ROUTES.ownership} component={forWhom(page.ownership, NotFound)} />
          <Route path={ROUTES.resource} component={page.resource} />
          <Route path={ROUTES.agents} component={forWhom(page.agents, NotFound)} />
          <Route path={ROUTES.sources} component={forWhom(page.sources, NotFound)} />
          <Route path={ROUTES.source} component={forWhom(page.source, NotFound)} />
          <Route path={ROUTES.rollouts} component={forWhom(page.rollouts, NotFound)} />
          <Route path={ROUTES.quarantine} component={forWhom(page.quarantine, NotFound)} />
          <Route path={ROUTES.accounting} component={forWhom(page.accounting, NotFound)} />
          <Route path={ROUTES.reconciliation} component={forWhom(page.reconciliation, NotFound)} />
          <Route path={ROUTES.prices} component={forWhom(page.prices, NotFound)} />
          <Route path={ROUTES.plans} component={forWhom(page.plans, NotFound)} />
          <Route path={ROUTES.plan} component={forWhom(page.plan, NotFound)} />
          <Route path={ROUTES.services} component={forWhom(page.services, NotFound)} />
          <Route path={ROUTES.myServices} component={forWhom(NotFound, page.services)} />
          <Route path={ROUTES.coupons} component={forWhom(page.coupons, NotFound)} />
          <Route path={ROUTES.recalculation} component={forWhom(page.recalculation, NotFound)} />
          <Route path={ROUTES.priceChanges} component={forWhom(page.priceChanges, NotFound)} />
          <Route path={ROUTES.priceChange} component={forWhom(page.priceChange, NotFound)} />
          <Route path={ROUTES.whatIf} component={forWhom(page.whatIf, NotFound)} />
          <Route path={ROUTES.invoices} component={forWhom(page.invoices, page.myBill)} />
          <Route path={ROUTES.usage} component={forWhom(NotFound, page.myUsage)} />
          <Route path={ROUTES.draft} component={page.draft} />
          <Route path={ROUTES.margins} component={forWhom(page.margins, NotFound)} />
          <Route path={ROUTES.idle} component={forWhom(page.idle, NotFound)} />
          <Route path={ROUTES.costs} component={forWhom(page.costs, NotFound)} />
          <Route path={ROUTES.priceIndexes} component={forWhom(page.priceIndexes, NotFound)} />
          <Route path={ROUTES.mails} component={forWhom(page.mails, NotFound)} />
          <Route path={ROUTES.queues} component={forWhom(page.queues, NotFound)} />
          <Route path={ROUTES.closes} component={forWhom(page.closes, NotFound)} />
          <Route path={ROUTES.close} component={forWhom(page.close, NotFound)} />
          <Route path={ROUTES.reRating} component={forWhom(page.reRating, NotFound)} />
          <Route path={ROUTES.invoice} component={page.invoice} />
          <Route path={ROUTES.accounts} component={forWhom(page.accounts, NotFound)} />
          <Route path={ROUTES.audit} component={forWhom(page.audit, NotFound)} />
          <Route path={ROUTES.profile} component={page.profile} />
          <Route path={ROUTES.people} component={page.people} />
          <Route path={ROUTES.settings} component={forWhom(page.settings, page.myAccount)} />
          <Route path="*404" component={NotFound} />
        </Route>
      </Router>
    </QueryClientProvider>
  )
}

/** A token in the address is spent only if nobody is signed in yet; a refused one is told on the sign-in page. */
async function spendTokenOfAddress(): Promise<void> {
  const { token, rest } = takeToken(new URL(location.href))
  if (!token) return
  history.replaceState(null, '', rest)
  const session = await queryClient.fetchQuery(queries.session()).catch(() => null)
  if (session) return
  await signIn(token).then(
    (opened) => {
      if (isFirstRun(opened, token)) history.replaceState(null, '', ROUTES.firstOwner)
    },
    () => history.replaceState(null, '', `${ROUTES.signIn}?with=token&refused=1`),
  )
}

const root = document.getElementById('app')
if (!root) throw new Error('index.html has no #app')
await Promise.all([startLanguage(), spendTokenOfAddress()])
render(() => <App />, root)
