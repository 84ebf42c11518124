/* docs/model/lease.pml: one lease row, the workers that want it, and a network that delays and loses.
 *
 * README.md beside this file says what is modelled and what is left out. tools/check_model.py runs it.
 *
 * Two devices keep the state space finite although counters and checkpoints grow for ever:
 * - A copy of the counter is kept as its distance from the row: 0 is "as the row", 1 "the row is one write
 *   further", PAST "further still". Every write of the row moves all copies by one. The protocol compares
 *   counters for equality alone, so nothing is lost.
 * - A position in the shard is kept as its distance from the row's checkpoint.
 * Requests that are refused for ever (their counter is past) are forgotten at once, for the same reason.
 */

#define WORKERS 2
#ifndef HOLD
#define HOLD 3 /* Ticks for which a holder trusts a write, counted from when its request left. */
#endif
#ifndef WAIT
#define WAIT HOLD /* Ticks for which a taker must see the counter unchanged. */
#endif
#ifndef LATENCY
#define LATENCY 0 /* Ticks that an answer may take once faults have stopped. */
#endif
#ifdef DRIFT
#define PERIOD (HOLD + 1) /* The clock of worker 0 loses one tick in each of these. */
#endif

/* Drifting clocks multiply the states; what is left out here is checked without drift. */
#ifdef FEWER_FAULTS
#define staleScans 0
#define lateRequests 0
#define releases 0
#else
#define staleScans 1
#define lateRequests 1
#define releases 1
#endif

#define NOBODY WORKERS
#define PAST 3    /* Two would do, were a copy not taken one back after a write of one's own. */
#define UNKNOWN 4 /* No copy. */

/* What a worker is waiting for. A refused write and a missing answer are the same: the row must be asked. */
#define IDLE 0
#define WRITING 1   /* The request is under way. */
#define WRITTEN 2   /* It was applied; the answer is under way. */
#define READING 3   /* A scan is under way. */
#define READ 4      /* The answer of a scan is under way. */
#define UNSETTLED 5 /* The outcome is open; a consistent read is due or under way. */
#define UNCHANGED 6 /* That read found the row as it was before: to be tried again. */
#define REFUSED 7   /* A conflict is under way; used by a planted mistake alone. */

#define NONE 0
#define RENEW 1
#define CHECKPOINT 2
#define TAKE 3
#define RELEASE 4

/* Answers of scans. */
#define SAME 0   /* The row is as I saw it last. */
#define OTHERS 1 /* It has changed, and another owns it. */
#define MINE 2   /* It has changed, and is free, or mine by name. */

/* The row: its counter and checkpoint are what the distances below are measured from. */
byte owner = NOBODY;
byte takenBy = NOBODY; /* Whose present holding wrote the row's `incarnation`; NOBODY if an older one did. */
byte rowAge = 0;       /* Ticks since the last write, at most HOLD: for a claim, not for the protocol. */

typedef Worker {
  byte phase;
  byte kind;      /* The write that is not settled yet. */
  byte answer;
  bit held;       /* In the set of held leases; it may have run out all the same. */
  byte copy;      /* Distance of the counter that I hold, or that I saw. */
  byte left;      /* Ticks for which I trust my lease. */
  byte sent;      /* Ticks since the last try left. */
  byte firstSent; /* Ticks since the first try left. */
  byte wait;      /* Ticks since the read that first showed this counter was complete. */
  short ahead;    /* What I have delivered, from the row's checkpoint. */
  byte late;      /* A request that I gave up waiting for and that may still arrive: its kind. */
  bit lateOld;    /* It belongs to an earlier holding, or to a process that died. */
  bit done;       /* Has read or checkpointed since the last tick: used when faults have stopped. */
};
Worker worker[WORKERS];

bit calm = 0;  /* Faults have stopped. */
bit moved = 0; /* A checkpoint was written since. */
byte calmTicks = 0;
byte dead = NOBODY; /* The worker that did not survive the faults. */
#ifdef DRIFT
byte phaseOfClock = 0;
#endif

/* Each claim can be checked alone, so that a planted mistake is refuted for the reason that it should be. */
#ifdef ONLY_OVERLAP
#define CLAIM_OVERLAP
#endif
#ifdef ONLY_REGRESSION
#define CLAIM_REGRESSION
#endif
#ifdef ONLY_FENCE
#define CLAIM_FENCE
#endif
#ifdef ONLY_THEFT
#define CLAIM_THEFT
#endif
#ifdef ONLY_EARLY
#define CLAIM_EARLY
#endif
#ifdef ONLY_PROGRESS
#define CLAIM_PROGRESS
#endif
#ifdef ALL_CLAIMS
#define CLAIM_OVERLAP
#define CLAIM_REGRESSION
#define CLAIM_FENCE
#define CLAIM_THEFT
#define CLAIM_PROGRESS
#endif

#define me worker[w]
#define trusts(v) (worker[v].held && worker[v].left > 0)
#define overlap (trusts(0) && trusts(1))

inline checkOneOwner() {
#ifdef CLAIM_OVERLAP
  assert(!overlap);
#endif
  skip
}

/* The row is written: every copy of the counter is one further behind, and late requests with the counter of
 * before can never apply. `v` is left 0. */
inline rowWritten() {
  v = 0;
  do
  :: v < WORKERS ->
     if
     :: worker[v].copy < PAST -> worker[v].copy++
     :: else
     fi;
     worker[v].late = NONE;
     worker[v].lateOld = 0;
     v++
  :: else -> break
  od;
  v = 0;
#ifdef CLAIM_EARLY
  rowAge = 0
#else
  skip
#endif
}

inline checkpointMoved() {
  v = 0;
  do
  :: v < WORKERS ->
     if
     :: worker[v].held && worker[v].ahead > -1 -> worker[v].ahead--
     :: else
     fi;
     v++
  :: else -> break
  od;
  v = 0
}

/* `kind` of worker w is applied to the row. `old`: it was sent for an earlier holding of w. */
inline apply(kindOf, old, target) {
  if
  :: kindOf == TAKE ->
#ifdef CLAIM_EARLY
     assert(owner == NOBODY || owner == w || rowAge >= HOLD);
#endif
     owner = w;
     takenBy = (old -> NOBODY : w);
     me.ahead = (old -> me.ahead : 0)
  :: kindOf == RELEASE -> owner = target
  :: kindOf == CHECKPOINT ->
#ifdef CLAIM_FENCE
     assert(owner == w);
#endif
#ifdef CLAIM_REGRESSION
     assert(old || me.ahead >= 0);
#endif
     checkpointMoved();
     if
     :: calm -> moved = 1
     :: else
     fi
  :: else
  fi;
  rowWritten()
}

#ifdef PLANT_TAKE_UNCONDITIONAL
#define unconditionalTake (me.kind == TAKE)
#else
#define unconditionalTake 0
#endif
#ifdef PLANT_CHECKPOINT_UNFENCED
#define unfencedCheckpoint (me.kind == CHECKPOINT)
#else
#define unfencedCheckpoint 0
#endif
#define accepted (me.copy == 0 || unconditionalTake || unfencedCheckpoint)

#ifdef PLANT_INCARNATION_PER_PROCESS
#define incarnationPerTake 0
#else
#define incarnationPerTake 1
#endif
#ifdef PLANT_NO_INCARNATION
#define ownWrite (owner == w)
#else
#define ownWrite (owner == w && takenBy == w)
#endif
/* Whether the row is as my write leaves it. A release leaves the incarnation of the holding that ended. */
#define isApplied (me.copy == 1 && (me.kind == RELEASE -> (owner != w && takenBy == w) : ownWrite))

/* What the row or a late request says about me is no longer about my present holding. */
inline newIncarnation() {
  me.lateOld = (me.late != NONE);
  if
  :: takenBy == w -> takenBy = NOBODY
  :: else
  fi
}

inline forget() {
  me.phase = IDLE; me.kind = NONE; me.answer = 0;
  me.held = 0; me.copy = UNKNOWN; me.left = 0; me.sent = 0; me.firstSent = 0; me.wait = 0; me.ahead = 0;
  if
  :: incarnationPerTake -> newIncarnation()
  :: else
  fi
}

/* A request stays behind on its way; one that is refused in any case need not be kept. */
inline orphan() {
  if
  :: lateRequests && me.copy == 0 -> me.late = me.kind
  :: else
  fi
}

/* A request leaves for the first time. */
inline send(what) {
  me.kind = what; me.phase = WRITING; me.sent = 0; me.firstSent = 0
}

inline idle() {
  me.phase = IDLE; me.kind = NONE; me.answer = 0; me.sent = 0; me.firstSent = 0
}

/* A write of w is known to be applied; the lease runs from `since`, a number of ticks ago. */
inline succeeded(since) {
  me.copy--;
  if
  :: me.kind == RELEASE -> forget()
  :: else ->
     me.held = 1;
     me.wait = 0;
     me.left = HOLD - since;
     idle()
  fi;
  checkOneOwner()
}

/* A held lease turns out to be another's. */
inline stolen() {
#ifdef CLAIM_THEFT
  assert(takenBy != w || owner != w || !me.held);
#endif
  forget()
}

#ifdef PLANT_CLOCK_FROM_RESPONSE
#define age(x) 0
#else
#define age(x) x
#endif
#ifdef PLANT_CLOCK_FROM_LAST_TRY
#define settledAge me.sent
#else
#define settledAge me.firstSent
#endif
#ifdef PLANT_RELEASE_WHILE_DELIVERING
#define stopBeforeRelease skip
#else
#define stopBeforeRelease me.left = 0
#endif
#ifdef PLANT_WAIT_FROM_READ_BEGIN
#define waitedAtRead me.sent
#else
#define waitedAtRead 0
#endif
#ifdef PLANT_NEVER_EXPIRES
#define expires 0
#else
#define expires 1
#endif
#define awake (!moved && dead != w)

proctype Run(byte w) {
  byte v = 0;
end:
  do
  /* Looking at a lease that is not mine. Once a tick suffices when nothing goes wrong. */
  :: d_step { awake && me.phase == IDLE && !me.held && !(calm && me.done) ->
       me.phase = READING; me.sent = 0; me.done = calm }
  :: atomic { awake && me.phase == READING ->
       me.phase = READ;
       if
       :: me.copy == 0 -> me.answer = SAME
       :: me.copy != 0 && owner != NOBODY -> me.copy = 0; me.answer = OTHERS
       /* Mine by name, from before a crash or by a handover: taken again, never just renewed. */
       :: me.copy != 0 && (owner == NOBODY || owner == w) -> me.copy = 0; me.answer = MINE
       /* Eventually consistent: the row as I saw it last, or as it was at some other time. */
       :: staleScans && !calm && me.copy > 0 && me.copy < UNKNOWN -> me.answer = SAME
       :: staleScans && !calm -> me.copy = PAST; me.answer = OTHERS
       :: staleScans && !calm -> me.copy = PAST; me.answer = MINE
       fi }
  :: d_step { awake && me.phase == READ ->
       if
       :: me.answer == OTHERS -> me.wait = waitedAtRead
       :: me.answer == MINE -> me.wait = WAIT
       :: else
       fi;
       idle() }

  /* Taking it: free, or unchanged for long enough. */
  :: d_step { awake && me.phase == IDLE && !me.held && me.copy != UNKNOWN && me.wait >= WAIT ->
#ifdef PLANT_TAKE_ON_FRESH_COUNTER
       me.copy = 0;
#endif
       if
       :: incarnationPerTake -> newIncarnation()
       :: else
       fi;
       send(TAKE) }

  /* Holding it. */
  :: d_step { awake && me.phase == IDLE && trusts(w) && me.left < HOLD && !(calm && me.ahead != 0) ->
       send(RENEW) } /* A checkpoint that is due goes first, and renews as well. */
  :: d_step { awake && trusts(w) && me.ahead == 0 && me.kind != CHECKPOINT && me.kind != RELEASE ->
       me.ahead = 1 } /* A delivery. */
  :: d_step { awake && me.phase == IDLE && trusts(w) && me.ahead != 0 -> send(CHECKPOINT); me.done = calm }
  :: d_step { releases && awake && !calm && me.phase == IDLE && trusts(w) -> stopBeforeRelease; send(RELEASE) }
  :: d_step { awake && me.phase == IDLE && me.held && me.left == 0 -> forget() }

  /* The table. */
  :: atomic { awake && me.phase == WRITING ->
       if
       :: accepted ->
          if
          :: apply(me.kind, 0, NOBODY)
          :: me.kind == RELEASE -> apply(me.kind, 0, (w + 1) % WORKERS)
          fi;
          me.phase = WRITTEN
       :: else ->
#ifdef PLANT_CONFLICT_IS_THEFT
          me.phase = REFUSED
#else
          me.phase = UNSETTLED
#endif
       fi }
  :: d_step { awake && me.phase == WRITTEN -> succeeded(age(me.sent)) }
  :: d_step { awake && me.phase == REFUSED -> stolen() }

  /* Finding out. An answer that finds the write applied may be late like that of the write itself. One that
   * finds another's write ends the holding whenever it comes, so it is not delayed here. */
  :: d_step { awake && me.phase == UNSETTLED && isApplied -> me.sent = settledAge; me.phase = WRITTEN }
  :: d_step { awake && me.phase == UNSETTLED && !isApplied && me.copy == 0 -> me.phase = UNCHANGED }
  :: d_step { awake && me.phase == UNSETTLED && !isApplied && me.copy != 0 -> stolen() }
  :: d_step { awake && me.phase == UNCHANGED && (me.left > 0 || !me.held || me.kind == RELEASE) ->
       me.phase = WRITING; me.sent = 0 }
  /* Giving up: a lease that has run out, or one that was never had, for all the worker knows. */
  :: d_step { awake && !calm && (me.phase == UNSETTLED || me.phase == UNCHANGED) && me.left == 0 -> forget() }
  :: d_step { awake && calm && me.phase == UNCHANGED && me.held && me.kind != RELEASE && me.left == 0 -> forget() }

  /* What goes wrong. A stall needs no step of its own: until faults stop, any worker may be slow at will. */
  :: d_step { !calm && me.phase == WRITING -> /* No answer in time; the request may arrive later, or never. */
       orphan(); me.lateOld = 0; me.phase = UNSETTLED }
  :: d_step { !calm && me.phase == WRITING && me.late != NONE -> me.phase = UNSETTLED }
  :: d_step { !calm && (me.phase == WRITTEN || me.phase == REFUSED) -> me.phase = UNSETTLED }
  :: d_step { !calm && (me.phase == READING) -> idle() }
  :: atomic { !calm && me.late != NONE ->
       if
       :: apply(me.late, me.lateOld, NOBODY)
       :: me.late == RELEASE -> apply(me.late, me.lateOld, (w + 1) % WORKERS)
       fi }
  :: d_step { !calm && me.phase == WRITING -> orphan(); forget(); newIncarnation() } /* A crash, and a new start. */
  :: d_step { !calm -> forget(); newIncarnation() }
  od
}

/* A worker that has something to do at once. An answer may take one tick, and a delivery no time. */
#define due(w) (dead != w && \
  ((trusts(w) && worker[w].ahead == 0 && worker[w].kind != CHECKPOINT && worker[w].kind != RELEASE) || \
   (worker[w].phase == IDLE -> \
     (!worker[w].done || worker[w].held || \
      (!worker[w].held && worker[w].copy != UNKNOWN && worker[w].wait >= WAIT)) : worker[w].sent >= LATENCY)))
#define nothingDue (!due(0) && !due(1))

inline advance() {
  v = 0;
  do
  :: v < WORKERS ->
     worker[v].done = 0;
#ifdef DRIFT
     if
     :: v == 0 && phaseOfClock == 0 -> skip
     :: else ->
#endif
     if
     :: worker[v].left > 0 -> worker[v].left--
     :: else
     fi;
     if
     :: worker[v].phase != IDLE && worker[v].sent < HOLD -> worker[v].sent++
     :: else
     fi;
     if
     :: worker[v].kind != NONE && worker[v].firstSent < HOLD -> worker[v].firstSent++
     :: else
     fi;
     if
     :: !worker[v].held && worker[v].copy != UNKNOWN && worker[v].wait < WAIT && expires -> worker[v].wait++
     :: else
     fi;
#ifdef DRIFT
     fi;
#endif
     v++
  :: else -> break
  od;
  v = 0;
#ifdef DRIFT
  phaseOfClock = (phaseOfClock + 1) % PERIOD;
#endif
#ifdef CLAIM_EARLY
  if
  :: rowAge < HOLD -> rowAge++
  :: else
  fi
#else
  skip
#endif
}

active proctype Clock() {
  byte v = 0;
  atomic {
    do
    :: v < WORKERS -> worker[v].copy = UNKNOWN; run Run(v); v++
    :: else -> break
    od;
    v = 0
  }
progress: /* Faults excuse everything but unsafe steps. */
end:
  do
  :: d_step { !calm -> advance() }
#ifdef CALM
  :: atomic { !calm ->
       calm = 1;
       v = 0;
       do
       :: v < WORKERS -> worker[v].late = NONE; worker[v].lateOld = 0; worker[v].done = 0; v++
       :: else -> break
       od;
       v = 0;
       if
       :: skip
       :: dead = 0
       :: dead = 1
       fi } -> break
#endif
  od;
  /* From now on answers come within a tick, and whoever has something to do does it before the next one. */
  do
  :: d_step { !moved && nothingDue ->
       advance();
       calmTicks++;
#if defined(CLAIM_PROGRESS) && defined(CALM)
       assert(calmTicks <= CALM)
#endif
     }
  :: moved -> break
  od
}
