// stream/test_rdds.h: RDDs of given elements, on worker threads, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "rt/thread_pool.h"
#include "stream/task_retry.h"
#include "tidemill/rdd.h"

namespace tidemill {

class RddTest : public testing::Test {
 protected:
  template <class T>
  RDD<T> rdd(std::vector<std::vector<T>> parts) {
    return RDD<T>(std::make_shared<detail::VectorNode<T>>(runner_, std::move(parts)));
  }

  rt::ThreadPool workers_{3, "test"};
  stream::RetryingTaskRunner runner_{workers_, 3};
};

}  // namespace tidemill
